// What comes before a VP8L picture's pixels: transforms and prefix codes (RFC 9649, sections 4 and
// 6.2), with the small images that describe which of them holds where.
import { bitsLeft, readBits, takeRoom } from "./vp8l-bits";
import { readCode } from "./vp8l-codes";
import {
  CACHE,
  CACHE_BITS,
  CODE_BYTES,
  COPY_LEFT,
  DATA,
  DONE,
  GROUP_BITS,
  GROUP_BYTES,
  GROUP_IMAGE,
  GROUPS,
  HEIGHT,
  IMAGE_HEIGHT,
  IMAGE_WIDTH,
  INVALID,
  KIND,
  MAIN,
  NO_ROOM,
  POOL_AT,
  SIZE_BITS,
  SUB,
  TRANSFORM_ADD_GREEN,
  TRANSFORM_BYTES,
  TRANSFORM_COUNT,
  TRANSFORM_PALETTE,
  TRANSFORM_WIDTH,
  TRANSFORMS,
  TRUNCATED,
  WIDTH,
  WINDOW,
  WINDOW_MASK,
} from "./vp8l-layout";
import { readPixels } from "./vp8l-pixels";

const CODES = 5;
const MAX_CACHE_BITS = 11;
const GREEN_SYMBOLS = 280;
const BYTE_SYMBOLS = 256;
const DISTANCE_SYMBOLS = 40;

@inline
function blocks(pixels: i32, bits: i32): i32 {
  return (pixels + (1 << bits) - 1) >> bits;
}

/** Reads up to the first pixel. */
export function vp8lReadHeader(decoder: usize): i32 {
  let width = load<i32>(decoder, WIDTH);
  const height = load<i32>(decoder, HEIGHT);
  let seen = 0;
  while (readBits(decoder, 1)) {
    const kind = <i32>readBits(decoder, 2);
    if (seen & (1 << kind)) return INVALID;
    seen |= 1 << kind;
    const count = load<i32>(decoder, TRANSFORM_COUNT);
    const transform = decoder + TRANSFORMS + count * TRANSFORM_BYTES;
    store<i32>(decoder, count + 1, TRANSFORM_COUNT);
    store<i32>(transform, kind, KIND);
    store<i32>(transform, width, TRANSFORM_WIDTH);
    let status = DONE;
    if (kind == TRANSFORM_PALETTE) {
      status = readPalette(decoder, transform);
      width = blocks(width, load<i32>(transform, SIZE_BITS));
    } else if (kind != TRANSFORM_ADD_GREEN) {
      const bits = 2 + <i32>readBits(decoder, 3);
      store<i32>(transform, bits, SIZE_BITS);
      status = readImage(decoder, blocks(width, bits), blocks(height, bits), transform + DATA);
    }
    if (status != DONE) return status;
  }

  const main = decoder + MAIN;
  store<i32>(main, width, IMAGE_WIDTH);
  store<i32>(main, height, IMAGE_HEIGHT);
  let status = readCache(decoder, main);
  if (status != DONE) return status;
  let groups = 1;
  if (readBits(decoder, 1)) {
    const bits = 2 + <i32>readBits(decoder, 3);
    const columns = blocks(width, bits);
    const rows = blocks(height, bits);
    status = readImage(decoder, columns, rows, main + GROUP_IMAGE);
    if (status != DONE) return status;
    store<i32>(main, bits, GROUP_BITS);
    groups = keepNumbers(load<u32>(main, GROUP_IMAGE), columns * rows);
  }
  status = readGroups(decoder, main, groups);
  return status == DONE && bitsLeft(decoder) < 0 ? TRUNCATED : status;
}

/** Group numbers are a pixel's red and green. Returns how many there may be. */
function keepNumbers(at: usize, pixels: i32): i32 {
  let last = 0;
  for (; pixels > 0; pixels--) {
    const number = <i32>((load<u32>(at) >> 8) & 0xffff);
    store<u32>(at, number);
    last = max(last, number);
    at += 4;
  }
  return last + 1;
}

/** A table of colours, each stored as the difference from the one before; black follows them. */
function readPalette(decoder: usize, transform: usize): i32 {
  const size = 1 + <i32>readBits(decoder, 8);
  const bits = size <= 2 ? 3 : size <= 4 ? 2 : size <= 16 ? 1 : 0;
  store<i32>(transform, bits, SIZE_BITS);
  const table = takeRoom(decoder, 256 * 4);
  if (!table) return NO_ROOM;
  const status = readImage(decoder, size, 1, transform + DATA);
  if (status != DONE) return status;
  let at = table;
  let from = <usize>load<u32>(transform, DATA);
  let colour = i8x16.splat(0);
  for (let i = 0; i < size; i++) {
    colour = i8x16.add(colour, v128.load32_zero(from));
    v128.store32_lane(at, colour, 0);
    at += 4;
    from += 4;
  }
  store<u32>(transform, <u32>table, DATA);
  return DONE;
}

function readCache(decoder: usize, image: usize): i32 {
  store<i32>(image, 0, CACHE_BITS);
  if (!readBits(decoder, 1)) return DONE;
  const bits = <i32>readBits(decoder, 4);
  if (bits < 1 || bits > MAX_CACHE_BITS) return INVALID;
  const cache = takeRoom(decoder, 4 << bits);
  if (!cache) return NO_ROOM;
  store<i32>(image, bits, CACHE_BITS);
  store<u32>(image, <u32>cache, CACHE);
  return DONE;
}

function readGroups(decoder: usize, image: usize, count: i32): i32 {
  const groups = takeRoom(decoder, count * GROUP_BYTES);
  if (!groups) return NO_ROOM;
  store<u32>(image, <u32>groups, GROUPS);
  const cacheBits = load<i32>(image, CACHE_BITS);
  const green = GREEN_SYMBOLS + (cacheBits ? 1 << cacheBits : 0);
  for (let i = 0; i < count * CODES; i++) {
    const code = i % CODES;
    const size = code == 0 ? green : code == 4 ? DISTANCE_SYMBOLS : BYTE_SYMBOLS;
    const status = readCode(decoder, size, groups + i * CODE_BYTES);
    if (status != DONE) return status;
    if (bitsLeft(decoder) < 0) return TRUNCATED;
  }
  return DONE;
}

/** An image without groups; `result` gets the pointer to it. Its codes are dropped. */
function readImage(decoder: usize, width: i32, height: i32, result: usize): i32 {
  const pixels = takeRoom(decoder, width * height * 4);
  if (!pixels) return NO_ROOM;
  store<u32>(result, <u32>pixels);
  const start = load<u32>(decoder, POOL_AT);
  const image = decoder + SUB;
  store<i32>(image, width, IMAGE_WIDTH);
  store<i32>(image, height, IMAGE_HEIGHT);
  store<u32>(image, <u32>pixels, WINDOW);
  store<i32>(image, -1, WINDOW_MASK);
  store<i32>(image, 0, COPY_LEFT);
  store<i32>(image, 0, GROUP_BITS);
  let status = readCache(decoder, image);
  if (status == DONE) status = readGroups(decoder, image, 1);
  for (let row = 0; row < height && status == DONE; row++) {
    status = readPixels(decoder, image, row);
  }
  store<u32>(decoder, start, POOL_AT);
  return status == DONE && bitsLeft(decoder) < 0 ? TRUNCATED : status;
}
