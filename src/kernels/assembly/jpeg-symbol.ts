// Huffman symbols with the bits behind them, counted or written.
import { stuff } from "./jpeg-code";
import { BIT_COUNT, BITS, CODES, HISTOGRAMS, TABLE_BYTES } from "./jpeg-layout";
import { COUNTING, OUT } from "./jpeg-smallest-layout";

/** Writes up to 32 bits. */
@inline
export function put(state: usize, value: u32, length: i32): void {
  const bits = (load<u64>(state, BITS) << length) | <u64>value;
  let waiting = load<i32>(state, BIT_COUNT) + length;
  if (waiting >= 32) {
    waiting -= 32;
    const word = <u32>(bits >> waiting);
    const out = load<usize>(state, OUT);
    if ((word & 0x80808080 & ~(word + 0x01010101)) == 0) {
      store<u32>(out, bswap(word));
      store<usize>(state, out + 4, OUT);
    } else {
      store<usize>(state, stuff(word, out), OUT);
    }
  }
  store<u64>(state, bits, BITS);
  store<i32>(state, waiting, BIT_COUNT);
}

/** A symbol of table `table`, and the `length` bits of `extra`. */
@inline
export function putSymbol(state: usize, table: i32, symbol: i32, extra: i32, length: i32): void {
  const at = state + table * TABLE_BYTES + (symbol << 2);
  if (load<i32>(state, COUNTING)) {
    store<u32>(at, load<u32>(at, HISTOGRAMS) + 1, HISTOGRAMS);
  } else {
    const code = load<u32>(at, CODES);
    put(state, ((code >> 8) << length) | extra, <i32>(code & 255) + length);
  }
}

/** A value's bits as they follow its size: negative ones are stored less one. */
@inline
export function valueBits(value: i32, size: i32): i32 {
  return (value + (value >> 31)) & ((1 << size) - 1);
}
