/**
 * Prefix codes for numbers, and how a stream says them (ISO/IEC 18181-1:2024, annex C; the codes'
 * lengths as in RFC 7932, section 3). A number is a symbol, which may stand for several, and bits that
 * tell these apart.
 */
import { canonicalCodes, codeLengths } from "../../kernels/prefix-code.ts";
import type { BitWriter } from "./bit-writer.ts";

/** Numbers below 16 are symbols of their own; of others the two bits behind the first are in the symbol. */
const SPLIT_BITS = 4;
const SPLIT = 1 << SPLIT_BITS;
const MSB_BITS = 2;

/** The symbol of a number of up to 16 bits. */
export function symbolOf(value: number): number {
  if (value < SPLIT) return value;
  const top = 31 - Math.clz32(value);
  const second = (value >> (top - MSB_BITS)) & ((1 << MSB_BITS) - 1);
  return SPLIT + ((top - SPLIT_BITS) << MSB_BITS) + second;
}

/** How many of its lowest bits follow the symbol. */
export const extraBitsOf = (value: number): number =>
  value < SPLIT ? 0 : 31 - Math.clz32(value) - MSB_BITS;

/** Room for all symbols, those for runs among them. */
export const ALPHABET = 128;

/** Runs of a number that was just coded: symbols from here on tell how long they are. */
export const RUN_SYMBOL = 64;
export const MIN_RUN = 9;

export interface PrefixCode {
  lengths: Uint8Array;
  /** The first bit lowest. */
  codes: Uint32Array;
}

/** @param counts how often each symbol occurs; a code of one symbol takes no bits */
export function createCode(counts: Uint32Array): PrefixCode {
  const used = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  const lengths = used < 2 ? new Uint8Array(counts.length) : codeLengths(counts, MAX_LENGTH);
  return { lengths, codes: used < 2 ? new Uint32Array(counts.length) : canonicalCodes(lengths) };
}

const MAX_LENGTH = 15;

export function putNumber(writer: BitWriter, code: PrefixCode, value: number): void {
  const symbol = symbolOf(value);
  writer.put(code.codes[symbol] as number, code.lengths[symbol] as number);
  const extra = extraBitsOf(value);
  if (extra > 0) writer.put(value & ((1 << extra) - 1), extra);
}

/**
 * Says which code each context has, and the codes.
 * @param counts those the codes were made of
 * @param contexts the number of the code of each; where there are runs, one more for how far back they look
 */
export function putCodes(
  writer: BitWriter,
  counts: readonly Uint32Array[],
  codes: readonly PrefixCode[],
  contexts: Uint8Array,
  hasRuns = false,
): void {
  writer.flag(hasRuns);
  if (hasRuns) putRunLayout(writer);
  if (contexts.length > 1) putContexts(writer, contexts, codes.length);
  // Prefix codes, of numbers that all are made of symbols in one way.
  writer.flag(true);
  for (let i = 0; i < codes.length; i++) {
    writer.put(SPLIT_BITS, 4);
    writer.put(MSB_BITS, 3);
    writer.put(0, 2);
  }
  const sizes = counts.map((count) => Math.max(1, 1 + count.findLastIndex((n) => n > 0)));
  for (const size of sizes) putAlphabetSize(writer, size);
  for (const [i, size] of sizes.entries()) {
    if (size > 1) putCode(writer, counts[i] as Uint32Array, codes[i] as PrefixCode, size);
  }
}

/** Where runs' symbols begin, how short a run can be, and how symbols stand for lengths: all but the first 16 by their top bit. */
function putRunLayout(writer: BitWriter): void {
  writer.put(3, 2);
  writer.put(RUN_SYMBOL - 8, 15);
  writer.put(3, 2);
  writer.put(MIN_RUN - 9, 8);
  writer.put(SPLIT_BITS, 4);
  writer.put(0, 3);
  writer.put(0, 3);
}

/** The symbol of a run of so many. */
export function runSymbol(length: number): number {
  const value = length - MIN_RUN;
  return RUN_SYMBOL + (value < SPLIT ? value : SPLIT + 31 - Math.clz32(value) - SPLIT_BITS);
}

/** How many of the lowest bits of what it is longer than MIN_RUN follow. */
export const runExtraBits = (length: number): number =>
  length - MIN_RUN < SPLIT ? 0 : 31 - Math.clz32(length - MIN_RUN);

function putContexts(writer: BitWriter, contexts: Uint8Array, codes: number): void {
  const isOne = codes === 1;
  writer.flag(isOne);
  if (isOne) return writer.put(0, 2);
  writer.flag(false);
  const counts = new Uint32Array(ALPHABET);
  for (const context of contexts) count(counts, symbolOf(context));
  const code = createCode(counts);
  putCodes(writer, [counts], [code], new Uint8Array(1));
  for (const context of contexts) putNumber(writer, code, context);
}

export const count = (counts: Uint32Array, symbol: number): void => {
  counts[symbol] = (counts[symbol] as number) + 1;
};

function putAlphabetSize(writer: BitWriter, size: number): void {
  writer.flag(size > 1);
  if (size === 1) return;
  const bits = 31 - Math.clz32(size - 1);
  writer.put(bits, 4);
  writer.put(size - 1 - (1 << bits), bits);
}

function putCode(writer: BitWriter, counts: Uint32Array, { lengths }: PrefixCode, size: number) {
  const used = Array.from(counts.keys()).filter((symbol) => (counts[symbol] as number) > 0);
  if (used.length <= 4) putFewSymbols(writer, used, lengths, size);
  else putLengths(writer, lengths.subarray(0, size));
}

/** Up to four symbols are named, those with the shortest code first. */
function putFewSymbols(writer: BitWriter, used: number[], lengths: Uint8Array, size: number): void {
  const lengthOf = (symbol: number) => lengths[symbol] as number;
  const ordered = used.toSorted((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const bits = 32 - Math.clz32(size - 1);
  writer.put(1, 2);
  writer.put(ordered.length - 1, 2);
  for (const symbol of ordered) writer.put(symbol, bits);
  if (ordered.length === 4) writer.flag(lengthOf(ordered[0] as number) === 1);
}

/** In this order lengths of the code for lengths are said, by bits that are fixed. */
const LENGTH_ORDER = [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const LENGTH_LENGTHS: readonly (readonly [value: number, bits: number])[] = [
  [0b00, 2],
  [0b0111, 4],
  [0b011, 3],
  [0b10, 2],
  [0b01, 2],
  [0b1111, 4],
];
const MAX_LENGTH_LENGTH = 5;

function putLengths(writer: BitWriter, lengths: Uint8Array): void {
  const counts = new Uint32Array(LENGTH_ORDER.length);
  for (const length of lengths) count(counts, length);
  const isOne = counts.filter((n) => n > 0).length === 1;
  // One alone takes no bits, whatever is said of it.
  const own = isOne ? counts.map((n) => Math.sign(n)) : codeLengths(counts, MAX_LENGTH_LENGTH);
  const codes = isOne ? counts.map(() => 0) : canonicalCodes(own as Uint8Array);
  writer.put(0, 2);
  let left = 1 << MAX_LENGTH_LENGTH;
  for (const symbol of LENGTH_ORDER) {
    if (left <= 0) break;
    const length = own[symbol] as number;
    const [value, bits] = LENGTH_LENGTHS[length] as readonly [number, number];
    writer.put(value, bits);
    if (length > 0 && !isOne) left -= (1 << MAX_LENGTH_LENGTH) >> length;
  }
  for (const length of lengths) {
    writer.put(codes[length] as number, isOne ? 0 : (own[length] as number));
  }
}
