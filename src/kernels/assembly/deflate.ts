// Deflate (RFC 1951) for data whose repetitions are runs of one byte, as those of filtered rows of
// photos: a run is a copy from a distance of 1. All else is Huffman coding, in blocks whose codes the
// host makes from what was counted. Adler-32 is from RFC 1950.
import {
  ADLER,
  BIT_COUNT,
  BITS,
  CODES,
  END_OF_BLOCK,
  HEAD,
  HEAD_COUNT,
  LITERALS,
  LITERAL_TABLE_BYTES,
  MAX_RUN,
  MIN_RUN,
  RUN_CODES,
  RUN_COUNT,
  RUN_LENGTHS,
  RUNS,
} from "./deflate-layout";
import { sumLanes } from "./lanes";

/** Of 64 bytes looked at, those at which a run would be seen to begin. */
const STEP: usize = 64 - MIN_RUN + 1;

/** Adler-32's modulus, and after how many vectors its sums must be reduced. */
const MODULUS: u32 = 65521;
const MAX_VECTORS: usize = 256;

/**
 * Finds the runs of a block's `bytes`, at most MAX_BLOCK_BYTES, and counts what is to be coded. Reads
 * up to READ_AHEAD_BYTES past them.
 */
export function deflateScan(state: usize, data: usize, bytes: usize): void {
  memory.fill(state + LITERALS, 0, CODES - LITERALS);
  const end = data + bytes;
  let runs = state + RUNS;
  let literals = data;
  // The first byte has none before it in the block.
  let at = data + 1;
  while (at + MIN_RUN <= end) {
    const starts = runStarts(equalToPrevious(at));
    if (starts == 0) {
      at += STEP;
      continue;
    }
    at += <usize>ctz(starts);
    if (at + MIN_RUN > end) break;
    let length = runLength(at, end);
    while (length >= <usize>MIN_RUN) {
      const part = min<usize>(length, MAX_RUN);
      store<u16>(runs, <u16>(at - literals));
      store<u16>(runs, <u16>part, 2);
      runs += 4;
      const entry = state + RUN_LENGTHS + (part << 2);
      store<u32>(entry, load<u32>(entry) + 1);
      countLiterals(state, literals, at);
      at += part;
      length -= part;
      literals = at;
    }
    // What is left of the run and the byte that ended it.
    at += length + 1;
  }
  countLiterals(state, literals, end);
  store<i32>(state, <i32>((runs - state - RUNS) >> 2), RUN_COUNT);
}

/** A bit for each of the 64 bytes from `at` on that is the same as the byte before. */
@inline
function equalToPrevious(at: usize): u64 {
  return (
    equalVector(at) |
    (equalVector(at + 16) << 16) |
    (equalVector(at + 32) << 32) |
    (equalVector(at + 48) << 48)
  );
}

@inline
function equalVector(at: usize): u64 {
  return <u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(at - 1))));
}

/** Where five bits (MIN_RUN) in a row are set. */
@inline
function runStarts(equal: u64): u64 {
  const pairs = equal & (equal >> 1);
  return pairs & (pairs >> 2) & (equal >> 4);
}

function runLength(start: usize, end: usize): usize {
  const value = load<u8>(start - 1);
  const all = i8x16.splat(value);
  let at = start;
  while (at < end) {
    const other = <u32>i8x16.bitmask(i8x16.ne(v128.load(at), all));
    if (other != 0) return min(at + <usize>ctz(other), end) - start;
    at += 16;
  }
  return end - start;
}

/** Neighbours are often the same, and a counter that was just stored is late to be loaded. */
function countLiterals(state: usize, at: usize, end: usize): void {
  const a = state + LITERALS;
  const b = a + LITERAL_TABLE_BYTES;
  const c = b + LITERAL_TABLE_BYTES;
  const d = c + LITERAL_TABLE_BYTES;
  for (; at + 8 <= end; at += 8) {
    const eight = load<u64>(at);
    const low = <u32>eight;
    const high = <u32>(eight >> 32);
    count(a, low & 255);
    count(b, (low >> 8) & 255);
    count(c, (low >> 16) & 255);
    count(d, low >> 24);
    count(a, high & 255);
    count(b, (high >> 8) & 255);
    count(c, (high >> 16) & 255);
    count(d, high >> 24);
  }
  for (; at < end; at++) count(a, <u32>load<u8>(at));
}

@inline
function count(table: usize, value: u32): void {
  const entry = table + ((<usize>value) << 2);
  store<u32>(entry, load<u32>(entry) + 1);
}

/**
 * Writes the block that was scanned: HEAD's entries, the data by CODES and RUN_CODES, the end of the
 * block. May write 8 bytes past what it returns, where the output ends.
 */
export function deflateCode(state: usize, data: usize, bytes: usize, out: usize): usize {
  const codes = state + CODES;
  const end = data + bytes;
  let bits = load<u64>(state, BITS);
  let bitCount: u64 = load<i32>(state, BIT_COUNT);

  const headEnd = state + HEAD + (<usize>load<i32>(state, HEAD_COUNT) << 2);
  for (let entry = state + HEAD; entry < headEnd; entry += 4) {
    const code = <u64>load<u32>(entry);
    bits |= (code >> 8) << bitCount;
    bitCount += code & 255;
    store<u64>(out, bits);
    out += <usize>(bitCount >> 3);
    bits >>= bitCount & 56;
    bitCount &= 7;
  }

  let run = state + RUNS;
  const runsEnd = run + (<usize>load<i32>(state, RUN_COUNT) << 2);
  for (;;) {
    const isLast = run == runsEnd;
    const stop = isLast ? end : data + <usize>load<u16>(run);
    for (; data + 4 <= stop; data += 4) {
      const four = load<u32>(data);
      // Shifts take the lowest six bits of what they shift by: the size.
      const c0 = <u64>load<u32>(codes + ((four & 255) << 2));
      const c1 = <u64>load<u32>(codes + (((four >> 8) & 255) << 2));
      const c2 = <u64>load<u32>(codes + (((four >> 16) & 255) << 2));
      const c3 = <u64>load<u32>(codes + ((four >> 24) << 2));
      const low = (c0 >> 8) | ((c1 >> 8) << c0);
      const high = (c2 >> 8) | ((c3 >> 8) << c2);
      const lowSize = c0 + c1;
      bits |= (low | (high << lowSize)) << bitCount;
      bitCount += (lowSize + c2 + c3) & 255;
      store<u64>(out, bits);
      out += <usize>(bitCount >> 3);
      bits >>= bitCount & 56;
      bitCount &= 7;
    }
    for (; data < stop; data++) {
      const code = <u64>load<u32>(codes + (<usize>load<u8>(data) << 2));
      bits |= (code >> 8) << bitCount;
      bitCount += code & 255;
    }
    // Up to three literals wait, and then a run's or the end's code of up to 21 bits: 7 + 42 + 21 > 64.
    store<u64>(out, bits);
    out += <usize>(bitCount >> 3);
    bits >>= bitCount & 56;
    bitCount &= 7;
    let code: u64 = 0;
    if (isLast) code = <u64>load<u32>(codes + (END_OF_BLOCK << 2));
    else code = <u64>load<u32>(state + RUN_CODES + (<usize>load<u16>(run, 2) << 2));
    bits |= (code >> 8) << bitCount;
    bitCount += code & 255;
    store<u64>(out, bits);
    out += <usize>(bitCount >> 3);
    bits >>= bitCount & 56;
    bitCount &= 7;
    if (isLast) break;
    data += <usize>load<u16>(run, 2);
    run += 4;
  }
  store<u64>(state, bits, BITS);
  store<i32>(state, <i32>bitCount, BIT_COUNT);
  return out;
}

/** Writes a block as it is (none of whose bytes ends at a whole byte, too) and returns where it ends. */
export function deflateStore(
  state: usize,
  data: usize,
  bytes: usize,
  isFinal: i32,
  out: usize,
): usize {
  const bitCount = load<i32>(state, BIT_COUNT);
  store<u16>(out, <u16>(load<u64>(state, BITS) | (<u64>isFinal << <u64>bitCount)));
  out += (<usize>bitCount + 3 + 7) >> 3;
  store<u32>(out, <u32>bytes | (<u32>~bytes << 16));
  memory.copy(out + 4, data, bytes);
  store<u64>(state, 0, BITS);
  store<i32>(state, 0, BIT_COUNT);
  return out + 4 + bytes;
}

/** Adds `bytes` to the checksum. */
export function adler32(state: usize, data: usize, bytes: usize): void {
  let a = load<u32>(state, ADLER);
  let b = load<u32>(state, ADLER + 4);
  const weightsLow = i16x8(16, 15, 14, 13, 12, 11, 10, 9);
  const weightsHigh = i16x8(8, 7, 6, 5, 4, 3, 2, 1);
  const end = data + bytes;
  while (data + 16 <= end) {
    const vectors = min((end - data) >> 4, MAX_VECTORS);
    const stop = data + (vectors << 4);
    let sums = i32x4.splat(0);
    // Sums before each vector: each counts 16 times.
    let before = i32x4.splat(0);
    let weighted = i32x4.splat(0);
    for (; data < stop; data += 16) {
      const v = v128.load(data);
      before = i32x4.add(before, sums);
      sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(v)));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(v), weightsLow));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(v), weightsHigh));
    }
    b += a * <u32>(vectors << 4) + (<u32>sumLanes(before) << 4) + <u32>sumLanes(weighted);
    a += <u32>sumLanes(sums);
    a %= MODULUS;
    b %= MODULUS;
  }
  for (; data < end; data++) {
    a += <u32>load<u8>(data);
    b += a;
  }
  store<u32>(state, a % MODULUS, ADLER);
  store<u32>(state, b % MODULUS, ADLER + 4);
}
