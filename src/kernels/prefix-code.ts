/** Prefix codes (Huffman) whose lengths have a limit. */

/** More than there are symbols in any alphabet. */
const SYMBOL_ROOM = 512;
const MAX_LENGTH = 15;

/**
 * Lengths of the symbols' codes, 0 for those that do not occur. At least two symbols must occur. Where
 * codes would be longer than `most` (at most 15), these get `most` bits and others make room for them.
 */
export function codeLengths(counts: Uint32Array, most: number): Uint8Array {
  const { symbols, weights } = orderByWeight(counts);
  const perLength = countLengths(weights, most);
  limitLengths(perLength, most);
  const lengths = new Uint8Array(counts.length);
  let rarest = 0;
  for (let length = most; length > 0; length--) {
    const end = rarest + (perLength[length] as number);
    while (rarest < end) lengths[symbols[rarest++] as number] = length;
  }
  return lengths;
}

/** Symbols that occur, the rarest first, and their weights. */
function orderByWeight(counts: Uint32Array) {
  const entries = new Float64Array(counts.length);
  let used = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    const count = counts[symbol] as number;
    if (count > 0) entries[used++] = count * SYMBOL_ROOM + symbol;
  }
  const ordered = entries.subarray(0, used).toSorted();
  const symbols = new Uint16Array(used);
  const weights = new Float64Array(used);
  for (let i = 0; i < used; i++) {
    const entry = ordered[i] as number;
    weights[i] = Math.floor(entry / SYMBOL_ROOM);
    symbols[i] = entry % SYMBOL_ROOM;
  }
  return { symbols, weights };
}

/**
 * How many codes have each length, those beyond `most` counted there. Works in place, on ascending
 * weights: Moffat and Katajainen, "In-Place Calculation of Minimum-Redundancy Codes" (1995).
 */
function countLengths(nodes: Float64Array, most: number): Uint32Array {
  const last = nodes.length - 1;
  // From left to right: weights of parents take the place of children, which point to them.
  let leaf = 0;
  let root = 0;
  for (let next = 0; next < last; next++) {
    let weight = 0;
    for (let child = 0; child < 2; child++) {
      const isRoot =
        leaf > last || (root < next && (nodes[root] as number) < (nodes[leaf] as number));
      weight += nodes[isRoot ? root : leaf] as number;
      if (isRoot) nodes[root++] = next;
      else leaf++;
    }
    nodes[next] = weight;
  }

  // From right to left: depths of parents; what they leave free at a depth are leaves.
  nodes[last - 1] = 0;
  for (let next = last - 2; next >= 0; next--) {
    nodes[next] = (nodes[nodes[next] as number] as number) + 1;
  }
  const perLength = new Uint32Array(most + 1);
  let parent = last - 1;
  for (let depth = 0, available = 1; available > 0; depth++) {
    let parents = 0;
    for (; parent >= 0 && nodes[parent] === depth; parent--) parents++;
    const length = Math.min(depth, most);
    perLength[length] = (perLength[length] as number) + available - parents;
    available = 2 * parents;
  }
  return perLength;
}

/** Makes room until no code begins another: a shorter code becomes two, of which one is a too long one's. */
function limitLengths(perLength: Uint32Array, most: number): void {
  let taken = 0;
  for (let length = 1; length <= most; length++) {
    taken += (perLength[length] as number) * 2 ** (most - length);
  }
  for (; taken > 2 ** most; taken--) {
    let length = most - 1;
    while (perLength[length] === 0) length--;
    perLength[most] = (perLength[most] as number) - 1;
    perLength[length] = (perLength[length] as number) - 1;
    perLength[length + 1] = (perLength[length + 1] as number) + 2;
  }
}

/** Canonical codes of these lengths, with the first bit lowest. */
export function canonicalCodes(lengths: Uint8Array): Uint32Array {
  const codes = new Uint32Array(lengths.length);
  const counts = new Uint32Array(MAX_LENGTH + 1);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  counts[0] = 0;
  const next = new Uint32Array(MAX_LENGTH + 1);
  for (let length = 1; length <= MAX_LENGTH; length++) {
    next[length] = ((next[length - 1] as number) + (counts[length - 1] as number)) << 1;
  }
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] as number;
    if (length === 0) continue;
    const code = next[length] as number;
    next[length] = code + 1;
    codes[symbol] = reverse(code, length);
  }
  return codes;
}

export function reverse(code: number, length: number): number {
  let reversed = 0;
  for (let i = 0; i < length; i++) reversed |= ((code >> i) & 1) << (length - 1 - i);
  return reversed;
}
