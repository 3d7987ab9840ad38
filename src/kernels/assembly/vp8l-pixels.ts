// Symbols to the pixels of one row (RFC 9649, section 5.2): literals, copies, cached colours.
import {
  AT,
  BIT_COUNT,
  BITS,
  CACHE,
  CACHE_BITS,
  CODE_BYTES,
  CODE_MASK,
  CODE_TABLE,
  COPY_DISTANCE,
  COPY_LEFT,
  DONE,
  END,
  GROUP_BITS,
  GROUP_BYTES,
  GROUP_IMAGE,
  GROUPS,
  IMAGE_HEIGHT,
  IMAGE_WIDTH,
  INVALID,
  TRUNCATED,
  WINDOW,
  WINDOW_MASK,
} from "./vp8l-layout";
import { ROOT_BITS } from "./vp8l-codes";

const LITERALS = 256;
const LENGTHS = 24;
/** Distances that stand for a place nearby: 16 * rows up + 8 - columns right (section 5.2.2). */
const NEARBY = 120;
// prettier-ignore
const PLACES: usize = memory.data<u8>([
  0x18, 0x07, 0x17, 0x19, 0x28, 0x06, 0x27, 0x29, 0x16, 0x1a, 0x26, 0x2a, 0x38, 0x05, 0x37,
  0x39, 0x15, 0x1b, 0x36, 0x3a, 0x25, 0x2b, 0x48, 0x04, 0x47, 0x49, 0x14, 0x1c, 0x35, 0x3b,
  0x46, 0x4a, 0x24, 0x2c, 0x58, 0x45, 0x4b, 0x34, 0x3c, 0x03, 0x57, 0x59, 0x13, 0x1d, 0x56,
  0x5a, 0x23, 0x2d, 0x44, 0x4c, 0x55, 0x5b, 0x33, 0x3d, 0x68, 0x02, 0x67, 0x69, 0x12, 0x1e,
  0x66, 0x6a, 0x22, 0x2e, 0x54, 0x5c, 0x43, 0x4d, 0x65, 0x6b, 0x32, 0x3e, 0x78, 0x01, 0x77,
  0x79, 0x53, 0x5d, 0x11, 0x1f, 0x64, 0x6c, 0x42, 0x4e, 0x76, 0x7a, 0x21, 0x2f, 0x75, 0x7b,
  0x31, 0x3f, 0x63, 0x6d, 0x52, 0x5e, 0x00, 0x74, 0x7c, 0x41, 0x4f, 0x10, 0x20, 0x62, 0x6e,
  0x30, 0x73, 0x7d, 0x51, 0x5f, 0x40, 0x72, 0x7e, 0x61, 0x6f, 0x50, 0x71, 0x7f, 0x60, 0x70,
]);
const HASH: u32 = 0x1e35a7bd;

@inline
function lookUp(code: usize, bits: u64): u32 {
  const index = <usize>(<u32>bits & load<u32>(code, CODE_MASK));
  return load<u32>(<usize>load<u32>(code, CODE_TABLE) + (index << 2));
}

/** The entry of a longer word, whose first eight bits are not among its bits. */
@inline
function lookUpLong(code: usize, entry: u32, bits: u64): u32 {
  const mask = (1 << ((entry & 255) - ROOT_BITS)) - 1;
  const index = (entry >> 8) + (<u32>(bits >> ROOT_BITS) & mask);
  return load<u32>(<usize>load<u32>(code, CODE_TABLE) + (<usize>index << 2)) + ROOT_BITS;
}

@inline
function symbolAt(code: usize, bits: u64): u32 {
  const entry = lookUp(code, bits);
  return <i32>(entry & 255) > ROOT_BITS ? lookUpLong(code, entry, bits) : entry;
}

function distanceOf(code: i32, width: i32): i32 {
  if (code > NEARBY) return code - NEARBY;
  const place = <i32>load<u8>(PLACES + code - 1);
  return max((place >> 4) * width + 8 - (place & 15), 1);
}

/** Reads row number `row`, the next one, of an image into its window. */
export function readPixels(decoder: usize, image: usize, row: i32): i32 {
  const width = load<i32>(image, IMAGE_WIDTH);
  const pixelsLeft = (load<i32>(image, IMAGE_HEIGHT) - row) * width;
  const window = <usize>load<u32>(image, WINDOW);
  const windowMask = load<i32>(image, WINDOW_MASK);
  const cacheBits = load<i32>(image, CACHE_BITS);
  const cache = <usize>load<u32>(image, CACHE);
  const cacheShift = 32 - cacheBits;
  const groupBits = load<i32>(image, GROUP_BITS);
  const groups = <usize>load<u32>(image, GROUPS);
  const blockMask = groupBits ? (1 << groupBits) - 1 : -1;
  const groupColumns = (width + (1 << groupBits) - 1) >> groupBits;
  const groupRow =
    <usize>load<u32>(image, GROUP_IMAGE) + <usize>((row >> groupBits) * groupColumns) * 4;
  const limit = <usize>load<u32>(decoder, END) + 16;
  let bits = load<u64>(decoder, BITS);
  let count = load<i32>(decoder, BIT_COUNT);
  let at = <usize>load<u32>(decoder, AT);
  let copyLeft = load<i32>(image, COPY_LEFT);
  let distance = load<i32>(image, COPY_DISTANCE);
  let position = row * width;
  let x = 0;
  let group = groups;
  let stale = true;
  let status = DONE;

  for (;;) {
    if (copyLeft > 0) {
      const end = min(x + copyLeft, width);
      copyLeft -= end - x;
      for (; x < end; x++) {
        const pixel = load<u32>(window + (<usize>((position - distance) & windowMask) << 2));
        store<u32>(window + (<usize>(position & windowMask) << 2), pixel);
        if (cacheBits) store<u32>(cache + (<usize>((pixel * HASH) >> cacheShift) << 2), pixel);
        position++;
      }
      stale = true;
    }
    if (x == width) break;
    if (groupBits && (stale || (x & blockMask) == 0)) {
      group = groups + <usize>load<u32>(groupRow + (<usize>(x >> groupBits) << 2)) * GROUP_BYTES;
      stale = false;
    }
    bits |= load<u64>(at) << <u64>count;
    at += (63 - count) >> 3;
    count |= 56;
    if (at > limit) {
      status = TRUNCATED;
      break;
    }
    let entry = symbolAt(group, bits);
    bits >>= <u64>(entry & 255);
    count -= entry & 255;
    const symbol = <i32>(entry >> 8);
    let pixel: u32;
    if (symbol < LITERALS) {
      entry = symbolAt(group + CODE_BYTES, bits);
      bits >>= <u64>(entry & 255);
      count -= entry & 255;
      pixel = (symbol << 8) | ((entry >> 8) << 16);
      entry = symbolAt(group + 2 * CODE_BYTES, bits);
      bits >>= <u64>(entry & 255);
      count -= entry & 255;
      pixel |= entry >> 8;
      if (count < 15) {
        bits |= load<u64>(at) << <u64>count;
        at += (63 - count) >> 3;
        count |= 56;
      }
      entry = symbolAt(group + 3 * CODE_BYTES, bits);
      bits >>= <u64>(entry & 255);
      count -= entry & 255;
      pixel |= (entry >> 8) << 24;
    } else if (symbol < LITERALS + LENGTHS) {
      // A length, then a distance: a symbol each, and up to 18 bits more.
      let prefix = symbol - LITERALS;
      copyLeft = prefix + 1;
      if (prefix >= 4) {
        const extra = (prefix - 2) >> 1;
        copyLeft = ((2 + (prefix & 1)) << extra) + <i32>(bits & ((1 << extra) - 1)) + 1;
        bits >>= <u64>extra;
        count -= extra;
      }
      bits |= load<u64>(at) << <u64>count;
      at += (63 - count) >> 3;
      count |= 56;
      entry = symbolAt(group + 4 * CODE_BYTES, bits);
      bits >>= <u64>(entry & 255);
      count -= entry & 255;
      prefix = <i32>(entry >> 8);
      let code = prefix + 1;
      if (prefix >= 4) {
        const extra = (prefix - 2) >> 1;
        code = ((2 + (prefix & 1)) << extra) + <i32>(bits & ((1 << extra) - 1)) + 1;
        bits >>= <u64>extra;
        count -= extra;
      }
      distance = distanceOf(code, width);
      if (distance > position || copyLeft > pixelsLeft - x) {
        status = INVALID;
        break;
      }
      continue;
    } else {
      const index = symbol - LITERALS - LENGTHS;
      pixel = load<u32>(cache + (<usize>index << 2));
    }
    store<u32>(window + (<usize>(position & windowMask) << 2), pixel);
    if (cacheBits) store<u32>(cache + (<usize>((pixel * HASH) >> cacheShift) << 2), pixel);
    position++;
    x++;
  }
  store<u64>(decoder, bits, BITS);
  store<i32>(decoder, count, BIT_COUNT);
  store<u32>(decoder, <u32>at, AT);
  store<i32>(image, copyLeft, COPY_LEFT);
  store<i32>(image, distance, COPY_DISTANCE);
  return status;
}
