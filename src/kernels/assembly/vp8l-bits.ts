// Bits of VP8L data, the lowest first (RFC 9649, section 3).
import { AT, BIT_COUNT, BITS, END, POOL_AT, POOL_END } from "./vp8l-layout";

/** Bits not consumed yet; negative when more were read than there are. */
@inline
export function bitsLeft(decoder: usize): i32 {
  const bytes = load<i32>(decoder, END) - load<i32>(decoder, AT);
  return load<i32>(decoder, BIT_COUNT) + (max(bytes, -1024) << 3);
}

/** Makes sure that 32 bits are there; zeros behind the end. */
@inline
export function fillBits(decoder: usize): void {
  const count = load<i32>(decoder, BIT_COUNT);
  if (count >= 32) return;
  const at = <usize>load<u32>(decoder, AT);
  store<i32>(decoder, count | 56, BIT_COUNT);
  // Behind the end the same zeros would be read again and again.
  const past = at > <usize>load<u32>(decoder, END) + 16;
  if (past) return;
  store<u64>(decoder, load<u64>(decoder, BITS) | (load<u64>(at) << <u64>count), BITS);
  store<u32>(decoder, <u32>(at + ((63 - count) >> 3)), AT);
}

/** An unsigned number of up to 32 bits. */
export function readBits(decoder: usize, size: i32): u32 {
  fillBits(decoder);
  const bits = load<u64>(decoder, BITS);
  store<u64>(decoder, bits >> <u64>size, BITS);
  store<i32>(decoder, load<i32>(decoder, BIT_COUNT) - size, BIT_COUNT);
  return <u32>(bits & ((<u64>1 << size) - 1));
}

/** Zeroed memory, or 0 when there is no room. */
export function takeRoom(decoder: usize, bytes: usize): usize {
  const at = (<usize>load<u32>(decoder, POOL_AT) + 15) & ~15;
  const end = <usize>load<u32>(decoder, POOL_END);
  if (at > end || bytes > end - at) return 0;
  store<u32>(decoder, <u32>(at + bytes), POOL_AT);
  memory.fill(at, 0, bytes);
  return at;
}
