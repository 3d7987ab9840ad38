// Transparency as WebP's ALPH chunk wants it (RFC 9649, section 2.7.1.2): residuals of the gradient
// filter, coded losslessly (section 3). Of the lossless format this uses one set of prefix codes, and
// copies from the pixel to the left and from the row above.
//
// A token is 16 bits: a residual, or COPY, whether from the left, and how many pixels (1 to 4096).
import {
  BIT_COUNT,
  BITS,
  CODES,
  FIRST_LENGTH,
  HISTOGRAM,
  ROWS,
  ROWS_DONE,
  ROW_SLACK_BYTES,
  TOKENS_AT,
  WIDTH,
} from "./alpha-encode-layout";

const COPY: i32 = 0x8000;
const FROM_LEFT: i32 = 0x4000;
const LENGTH_MASK: i32 = 0x1fff;
const MAX_COPY: i32 = 4096;
/** Shorter copies take as many bits as what they would replace. */
const MIN_COPY: i32 = 4;

@inline
function count(state: usize, symbol: i32): void {
  const entry = state + HISTOGRAM + (symbol << 2);
  store<u32>(entry, load<u32>(entry) + 1);
}

/** The prefix of a length: below 5 itself less one, then two for each doubling. */
@inline
function prefixOf(length: i32): i32 {
  const value = length - 1;
  if (value < 4) return value;
  const top = 31 - clz(value);
  return (top << 1) + ((value >> (top - 1)) & 1);
}

/**
 * Makes tokens of the alpha of one row of RGBA `pixels`: at most 2 bytes a pixel at `tokens`. Returns
 * where they end.
 */
export function alphaTokenise(state: usize, pixels: usize, tokens: usize): usize {
  const width = load<i32>(state, WIDTH);
  const row = load<i32>(state, ROWS_DONE);
  const rowBytes: usize = width + ROW_SLACK_BYTES;
  // The row before's and this one's take turns.
  const own = state + ROWS + (row & 1 ? 2 * rowBytes : 0);
  const before = state + ROWS + (row & 1 ? 0 : 2 * rowBytes);
  const residuals = own + rowBytes;
  filterRow(own, before, residuals, pixels, width, row > 0);
  store<i32>(state, row + 1, ROWS_DONE);

  const above = before + rowBytes;
  let x = 0;
  while (x < width) {
    const most = min(MAX_COPY, width - x);
    const up = row > 0 ? matching(residuals + x, above + x, most) : 0;
    const left = x > 0 && up < most ? matching(residuals + x, residuals + x - 1, most) : 0;
    const length = max(up, left);
    if (length < MIN_COPY) {
      const residual = <i32>load<u8>(residuals + x);
      count(state, residual);
      store<u16>(tokens, <u16>residual);
      x++;
    } else {
      count(state, FIRST_LENGTH + prefixOf(length));
      store<u16>(tokens, <u16>(COPY | (left > up ? FROM_LEFT : 0) | length));
      x += length;
    }
    tokens += 2;
  }
  return tokens;
}

/** Copies alpha out of `pixels` and subtracts left + above - corner, limited to a byte. */
function filterRow(
  own: usize,
  before: usize,
  residuals: usize,
  pixels: usize,
  width: i32,
  hasAbove: bool,
): void {
  // The first pixel of a row is predicted from above, the first row from the left.
  let left: i32 = hasAbove ? <i32>load<u8>(before) : 0;
  let corner = left;
  for (let x = 0; x < width; x++) {
    const alpha = <i32>load<u8>(pixels + (x << 2), 3);
    const above = hasAbove ? <i32>load<u8>(before + x) : corner;
    const guess = max(0, min(255, left + above - corner));
    store<u8>(own + x, alpha);
    store<u8>(residuals + x, alpha - guess);
    left = alpha;
    corner = above;
  }
}

/** How many bytes agree, up to `most`. */
@inline
function matching(a: usize, b: usize, most: i32): i32 {
  let length = 0;
  while (length + 8 <= most && load<u64>(a + length) == load<u64>(b + length)) length += 8;
  while (length < most && load<u8>(a + length) == load<u8>(b + length)) length++;
  return length;
}

/** Codes tokens until `end` or until the output passes `limit`; TOKENS_AT says where to go on. */
export function alphaCode(state: usize, tokens: usize, end: usize, out: usize, limit: usize): usize {
  let bits = load<u64>(state, BITS);
  let bitCount = load<i32>(state, BIT_COUNT);
  while (tokens < end && out < limit) {
    const token = <i32>load<u16>(tokens);
    tokens += 2;
    let symbol = token;
    let extra: u64 = 0;
    let extraCount = 0;
    if (token & COPY) {
      const length = token & LENGTH_MASK;
      const prefix = prefixOf(length);
      symbol = FIRST_LENGTH + prefix;
      if (prefix > 3) {
        extraCount = (prefix - 2) >> 1;
        extra = <u64>((length - 1) & ((1 << extraCount) - 1));
      }
      // Then where from: above is 0, the left is 1.
      extra |= <u64>(token & FROM_LEFT ? 1 : 0) << <u64>extraCount;
      extraCount++;
    }
    const code = load<u32>(state + CODES + (symbol << 2));
    const size = <i32>(code & 255);
    bits |= (<u64>(code >> 8) | (extra << <u64>size)) << <u64>bitCount;
    bitCount += size + extraCount;
    if (bitCount >= 32) {
      store<u32>(out, <u32>bits);
      out += 4;
      bits >>= 32;
      bitCount -= 32;
    }
  }
  store<u64>(state, bits, BITS);
  store<i32>(state, bitCount, BIT_COUNT);
  store<u32>(state, <u32>tokens, TOKENS_AT);
  return out;
}

/** Writes `size` bits, the lowest first: what precedes the pixels. */
export function alphaPut(state: usize, value: i32, size: i32, out: usize): usize {
  let bits = load<u64>(state, BITS) | (<u64>(<u32>value) << <u64>load<i32>(state, BIT_COUNT));
  let bitCount = load<i32>(state, BIT_COUNT) + size;
  for (; bitCount >= 8; bitCount -= 8) {
    store<u8>(out++, <u8>bits);
    bits >>= 8;
  }
  store<u64>(state, bits, BITS);
  store<i32>(state, bitCount, BIT_COUNT);
  return out;
}
