/** What stands before a deflate block's data: its kind and its codes (RFC 1951, section 3.2). */
import { END_OF_BLOCK, MAX_CODE_BITS, MAX_RUN } from "./assembly/deflate-layout.ts";
import { canonicalCodes, codeLengths } from "./prefix-code.ts";

export interface BlockCodes {
  /** Value << 8 | bits of all that precedes the data. */
  head: number[];
  /** Lengths and codes of literals, the block's end and lengths of copies. */
  lengths: Uint8Array;
  codes: Uint32Array;
  /** The code of a distance of 1, which is 0. */
  distanceBits: number;
  /** What the block takes. */
  bits: number;
}

export const SYMBOLS = 286;
const FIRST_RUN = 257;
/** Of the codes' own code. */
const MAX_LENGTH_BITS = 7;
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/** Distances 1 and 2 in a bit each: some decoders want a whole code where it has one symbol. */
const DISTANCE_LENGTHS = [1, 1];

export interface RunSymbol {
  symbol: number;
  extra: number;
  extraBits: number;
}

/** Of copies by their length, 3 to 258 (section 3.2.5): four symbols for each doubling. */
export const RUN_SYMBOLS: readonly RunSymbol[] = Array.from(
  { length: MAX_RUN + 1 },
  (_, length) => {
    const value = length - 3;
    if (value < 8) return { symbol: FIRST_RUN + Math.max(0, value), extra: 0, extraBits: 0 };
    if (length === MAX_RUN) return { symbol: SYMBOLS - 1, extra: 0, extraBits: 0 };
    const extraBits = 29 - Math.clz32(value);
    const symbol = FIRST_RUN + 4 * extraBits + (value >> extraBits);
    return { symbol, extra: value & ((1 << extraBits) - 1), extraBits };
  },
);

const EXTRA_BITS = new Uint8Array(SYMBOLS);
for (const { symbol, extraBits } of RUN_SYMBOLS) EXTRA_BITS[symbol] = extraBits;

const FIXED_LENGTHS = Uint8Array.from({ length: SYMBOLS }, (_, symbol) =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
);
// The fixed code has two symbols more than can occur.
const FIXED_CODES = canonicalCodes(Uint8Array.of(...FIXED_LENGTHS, 8, 8)).subarray(0, SYMBOLS);
const FIXED_DISTANCE_BITS = 5;

/**
 * The better of a block's own codes and the fixed ones.
 * @param counts of each symbol; that of the block's end is 1
 */
export function makeBlockCodes(counts: Uint32Array): BlockCodes {
  const lengths = codeLengths(counts, MAX_CODE_BITS);
  const head = describeLengths(lengths);
  let own = dataBits(counts, lengths, 1);
  for (const entry of head) own += entry & 255;
  const fixed = dataBits(counts, FIXED_LENGTHS, FIXED_DISTANCE_BITS) + 3;
  if (fixed <= own) {
    const kind = [((0b01 << 1) << 8) | 3];
    return {
      ...{ head: kind, lengths: FIXED_LENGTHS, codes: FIXED_CODES },
      ...{ distanceBits: FIXED_DISTANCE_BITS, bits: fixed },
    };
  }
  return { head, lengths, codes: canonicalCodes(lengths), distanceBits: 1, bits: own };
}

function dataBits(counts: Uint32Array, lengths: Uint8Array, distanceBits: number): number {
  let bits = 0;
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    const more = symbol > END_OF_BLOCK ? (EXTRA_BITS[symbol] as number) + distanceBits : 0;
    bits += (counts[symbol] as number) * ((lengths[symbol] as number) + more);
  }
  return bits;
}

/** Extra bits of the three symbols that repeat. */
function repetitionBits(symbol: number): number {
  if (symbol < 16) return 0;
  return symbol === 18 ? 7 : symbol - 14;
}

/** The head of a block with codes of its own (section 3.2.7). */
function describeLengths(lengths: Uint8Array): number[] {
  let symbols = SYMBOLS;
  while (lengths[symbols - 1] === 0) symbols--;
  const described = new Uint8Array(symbols + DISTANCE_LENGTHS.length);
  described.set(lengths.subarray(0, symbols));
  described.set(DISTANCE_LENGTHS, symbols);
  const tokens = tokenise(described);
  const counts = new Uint32Array(LENGTH_ORDER.length);
  for (const token of tokens) counts[token & 31] = (counts[token & 31] as number) + 1;
  const sizes = codeLengths(counts, MAX_LENGTH_BITS);
  const codes = canonicalCodes(sizes);
  let ordered = LENGTH_ORDER.length;
  while (sizes[LENGTH_ORDER[ordered - 1] as number] === 0) ordered--;

  const head: number[] = [];
  const put = (value: number, bits: number): number => head.push((value << 8) | bits);
  put(0b10 << 1, 3);
  put(symbols - FIRST_RUN, 5);
  put(DISTANCE_LENGTHS.length - 1, 5);
  put(ordered - 4, 4);
  for (let i = 0; i < ordered; i++) put(sizes[LENGTH_ORDER[i] as number] as number, 3);
  for (const token of tokens) {
    const symbol = token & 31;
    const size = sizes[symbol] as number;
    put((codes[symbol] as number) | ((token >> 5) << size), size + repetitionBits(symbol));
  }
  return head;
}

/** Lengths of codes as extra << 5 | symbol: themselves, or repetitions of the last one or of zeros. */
function tokenise(lengths: Uint8Array): number[] {
  const tokens: number[] = [];
  for (let at = 0; at < lengths.length;) {
    const length = lengths[at] as number;
    let end = at + 1;
    while (end < lengths.length && lengths[end] === length) end++;
    // A repetition follows what it repeats; one of zeros needs nothing before it.
    if (length > 0) {
      tokens.push(length);
      at++;
    }
    while (end - at >= 3) {
      const symbol = length > 0 ? 16 : end - at < 11 ? 17 : 18;
      const least = symbol === 18 ? 11 : 3;
      const count = Math.min(end - at, least + 2 ** repetitionBits(symbol) - 1);
      tokens.push(((count - least) << 5) | symbol);
      at += count;
    }
    for (; at < end; at++) tokens.push(length);
  }
  return tokens;
}
