// The boolean entropy decoder (RFC 6386, section 7), with up to 63 bits read ahead: the highest
// eight of BITS are compared with where the range is split.
import { AT, BIT_COUNT, BITS, END, RANGE } from "./vp8-decode-layout";

/** Where a range is split for a probability (of 256) that the next bit is 0. */
@inline
export function splitRange(range: i32, probability: i32): i32 {
  return 1 + (((range - 1) * probability) >> 8);
}

/** The eight bytes at `at`, the first one highest, below `count` bits that are there already. */
@inline
export function readAhead(at: usize, count: i32): u64 {
  return bswap<u64>(load<u64>(at)) >> <u64>count;
}

/** Bits not consumed yet; negative when more were read than there are. */
@inline
export function bitsLeft(reader: usize): i32 {
  return load<i32>(reader, BIT_COUNT) + ((load<i32>(reader, END) - load<i32>(reader, AT)) << 3);
}

export function startReader(reader: usize): void {
  store<u64>(reader, 0, BITS);
  store<i32>(reader, 0, BIT_COUNT);
  store<i32>(reader, 255, RANGE);
}

/** The next bit. For headers; what is read often keeps the reader's state in locals. */
export function readBit(reader: usize, probability: i32): i32 {
  let bits = load<u64>(reader, BITS);
  let count = load<i32>(reader, BIT_COUNT);
  let range = load<i32>(reader, RANGE);
  if (count < 16) {
    const at = <usize>load<u32>(reader, AT);
    bits |= readAhead(at, count);
    store<u32>(reader, <u32>(at + ((63 - count) >> 3)), AT);
    count |= 56;
  }
  const split = splitRange(range, probability);
  const limit = <u64>split << 56;
  const bit = <i32>(bits >= limit);
  if (bit) {
    bits -= limit;
    range -= split;
  } else {
    range = split;
  }
  const shift = <i32>clz(range) - 24;
  store<u64>(reader, bits << shift, BITS);
  store<i32>(reader, count - shift, BIT_COUNT);
  store<i32>(reader, range << shift, RANGE);
  return bit;
}

@inline
export function readFlag(reader: usize): i32 {
  return readBit(reader, 128);
}

/** An unsigned number of `size` bits, the highest first. */
export function readNumber(reader: usize, size: i32): i32 {
  let value = 0;
  while (size-- > 0) value = (value << 1) | readFlag(reader);
  return value;
}

/** A number of `size` bits and its sign. */
export function readSigned(reader: usize, size: i32): i32 {
  const value = readNumber(reader, size);
  return readFlag(reader) ? -value : value;
}

/** A signed number, if a flag says that there is one; else 0. */
export function readOptional(reader: usize, size: i32): i32 {
  return readFlag(reader) ? readSigned(reader, size) : 0;
}

/**
 * Goes down a tree: `tree` has two bytes a node, the next node's offset or, from LEAF on, the value;
 * `probabilities` one a node.
 */
export function readTree(reader: usize, tree: usize, probabilities: usize): i32 {
  let bits = load<u64>(reader, BITS);
  let count = load<i32>(reader, BIT_COUNT);
  let range = load<i32>(reader, RANGE);
  let node = 0;
  do {
    if (count < 16) {
      const at = <usize>load<u32>(reader, AT);
      bits |= readAhead(at, count);
      store<u32>(reader, <u32>(at + ((63 - count) >> 3)), AT);
      count |= 56;
    }
    const split = splitRange(range, load<u8>(probabilities + (node >> 1)));
    const limit = <u64>split << 56;
    if (bits >= limit) {
      bits -= limit;
      range -= split;
      node++;
    } else {
      range = split;
    }
    const shift = <i32>clz(range) - 24;
    bits <<= shift;
    count -= shift;
    range <<= shift;
    node = load<u8>(tree + node);
  } while (node < LEAF);
  store<u64>(reader, bits, BITS);
  store<i32>(reader, count, BIT_COUNT);
  store<i32>(reader, range, RANGE);
  return node - LEAF;
}

export const LEAF = 128;
