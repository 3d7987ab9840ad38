/** Prefix codes (Huffman) whose lengths have a limit. */

/**
 * Lengths of the symbols' codes, 0 for those that do not occur. Where one would be longer than `most`,
 * the counts are halved until none is, as libwebp does. At least two symbols must occur.
 */
export function codeLengths(counts: Uint32Array, most: number): Uint8Array {
  for (let shift = 0; ; shift++) {
    const lengths = huffmanLengths(counts, shift);
    if (lengths.every((length) => length <= most)) return lengths;
  }
}

interface Node {
  weight: number;
  symbols: number[];
}

function huffmanLengths(counts: Uint32Array, shift: number): Uint8Array {
  const lengths = new Uint8Array(counts.length);
  const nodes: Node[] = [];
  counts.forEach((count, symbol) => {
    if (count > 0) nodes.push({ weight: Math.max(1, count >>> shift), symbols: [symbol] });
  });
  const byWeight = (a: Node, b: Node): number => a.weight - b.weight;
  while (nodes.length > 1) {
    nodes.sort(byWeight);
    const [a, b] = nodes.splice(0, 2) as [Node, Node];
    const symbols = [...a.symbols, ...b.symbols];
    for (const symbol of symbols) lengths[symbol] = (lengths[symbol] ?? 0) + 1;
    nodes.push({ weight: a.weight + b.weight, symbols });
  }
  return lengths;
}

/** Canonical codes of these lengths, with the first bit lowest. */
export function canonicalCodes(lengths: Uint8Array): Uint32Array {
  const codes = new Uint32Array(lengths.length);
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === length) codes[symbol] = reverse(code++, length);
    }
    code <<= 1;
  }
  return codes;
}

export function reverse(code: number, length: number): number {
  let reversed = 0;
  for (let i = 0; i < length; i++) reversed |= ((code >> i) & 1) << (length - 1 - i);
  return reversed;
}
