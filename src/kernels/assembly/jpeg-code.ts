// Tokens (see jpeg-encode.ts) to Huffman codes.
import {
  BIT_COUNT,
  BITS,
  CODES,
  LAYOUT,
  LAYOUT_420,
  LAYOUT_444,
  TABLE_BYTES,
  TOKENS_AT,
} from "./jpeg-layout";

@inline
export function bitLength(value: i32): i32 {
  return 32 - clz(abs(value));
}

/**
 * Codes whole MCUs from `tokens` until `end` or until the output passes `limit`. Returns where the
 * output ends; TOKENS_AT says where to go on.
 */
export function jpegCode(state: usize, tokens: usize, end: usize, out: usize, limit: usize): usize {
  const layout = load<i32>(state, LAYOUT);
  const blocks = layout == LAYOUT_420 ? 6 : layout == LAYOUT_444 ? 3 : 1;
  const lumaBlocks = layout == LAYOUT_420 ? 4 : 1;
  let bits = load<u64>(state, BITS);
  let bitCount = load<i32>(state, BIT_COUNT);

  while (tokens < end && out < limit) {
    for (let b = 0; b < blocks; b++) {
      let codes = state + CODES + (b < lumaBlocks ? 0 : 2 * TABLE_BYTES);
      let k = 0;
      for (;;) {
        const token = <i32>load<u16>(tokens);
        tokens += 2;
        const run = token >> 12;
        const value = (token << 20) >> 20;
        const size = bitLength(value);
        const code = load<u32>(codes + (((run << 4) | size) << 2));
        // Negative values are stored less one, in as many bits.
        const low = (value + (value >> 31)) & ((1 << size) - 1);
        const length = size + <i32>(code & 255);
        bits = (bits << length) | <u64>(((code >> 8) << size) | low);
        bitCount += length;
        if (bitCount >= 32) {
          bitCount -= 32;
          const word = <u32>(bits >> bitCount);
          if ((word & 0x80808080 & ~(word + 0x01010101)) == 0) {
            store<u32>(out, bswap(word));
            out += 4;
          } else {
            out = stuff(word, out);
          }
        }
        if (k == 0) codes += TABLE_BYTES;
        else if (token == 0) break;
        k += run + 1;
        if (k > 63) break;
      }
    }
  }
  store<u64>(state, bits, BITS);
  store<i32>(state, bitCount, BIT_COUNT);
  store<i32>(state, <i32>tokens, TOKENS_AT);
  return out;
}

/** Writes four bytes, a zero behind each that looks like the start of a marker. */
export function stuff(word: u32, out: usize): usize {
  for (let shift = 24; shift >= 0; shift -= 8) {
    const byte = (word >> shift) & 255;
    store<u8>(out++, <u8>byte);
    if (byte == 255) store<u8>(out++, 0);
  }
  return out;
}

/** Writes the bits still waiting, filled up with ones, and has none then. Returns where the output ends. */
export function jpegFinish(state: usize, out: usize): usize {
  let count = load<i32>(state, BIT_COUNT);
  const padding = -count & 7;
  const bits = (load<u64>(state, BITS) << padding) | ((<u64>1 << padding) - 1);
  count += padding;
  while (count > 0) {
    count -= 8;
    const byte = <u32>(bits >> count) & 255;
    store<u8>(out++, <u8>byte);
    if (byte == 255) store<u8>(out++, 0);
  }
  store<i32>(state, 0, BIT_COUNT);
  return out;
}
