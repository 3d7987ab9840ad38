// Rows of a VP8L picture, from its window of coded pixels through the transforms' inverses (RFC 9649,
// section 4) to what was encoded.
import { bitsLeft } from "./vp8l-bits";
import {
  ABOVE,
  DATA,
  DONE,
  FINISHED,
  IMAGE_WIDTH,
  KIND,
  MAIN,
  ROW,
  SIZE_BITS,
  TRANSFORM_ADD_GREEN,
  TRANSFORM_BYTES,
  TRANSFORM_COUNT,
  TRANSFORM_CROSS_COLOUR,
  TRANSFORM_PREDICT,
  TRANSFORM_WIDTH,
  TRANSFORMS,
  TRUNCATED,
  UNPACKED,
  WIDTH,
  WINDOW,
  WINDOW_MASK,
  WORK,
} from "./vp8l-layout";
import { readPixels } from "./vp8l-pixels";
import { addPrediction } from "./vp8l-predict";

/** Reads the next row; the pointer at FINISHED is to its pixels then. */
export function vp8lReadRow(decoder: usize): i32 {
  const row = load<i32>(decoder, ROW);
  const main = decoder + MAIN;
  const status = readPixels(decoder, main, row);
  if (status != DONE) return status;
  if (bitsLeft(decoder) < 0) return TRUNCATED;
  store<i32>(decoder, row + 1, ROW);
  let at = <usize>load<u32>(decoder, WORK);
  copyRow(main, row, at);
  for (let i = load<i32>(decoder, TRANSFORM_COUNT) - 1; i >= 0; i--) {
    const transform = decoder + TRANSFORMS + i * TRANSFORM_BYTES;
    const kind = load<i32>(transform, KIND);
    const width = load<i32>(transform, TRANSFORM_WIDTH);
    if (kind == TRANSFORM_PREDICT) {
      const above = <usize>load<u32>(decoder, ABOVE);
      addPredictions(transform, row, at, above, width);
      memory.copy(above, at, width << 2);
    } else if (kind == TRANSFORM_CROSS_COLOUR) {
      addCrossColour(transform, row, at, width);
    } else if (kind == TRANSFORM_ADD_GREEN) {
      addGreen(at, width);
    } else {
      const unpacked = <usize>load<u32>(decoder, UNPACKED);
      unpack(transform, at, unpacked, width);
      at = unpacked;
    }
  }
  store<u32>(decoder, <u32>at, FINISHED);
  return DONE;
}

function copyRow(image: usize, row: i32, to: usize): void {
  const width = load<i32>(image, IMAGE_WIDTH);
  const window = <usize>load<u32>(image, WINDOW);
  const mask = load<i32>(image, WINDOW_MASK);
  const first = (row * width) & mask;
  const rest = mask < 0 ? width : min(width, mask + 1 - first);
  memory.copy(to, window + (<usize>first << 2), rest << 2);
  memory.copy(to + (rest << 2), window, (width - rest) << 2);
}

function addPredictions(transform: usize, row: i32, at: usize, above: usize, width: i32): void {
  if (row == 0) {
    // Black, then the pixel to the left.
    addPrediction(0, at, above, 1);
    addPrediction(1, at + 4, above, width - 1);
    return;
  }
  addPrediction(2, at, above, 1);
  // What is right above of the last pixel is this row's first.
  store<u32>(above + (width << 2), load<u32>(at));
  const bits = load<i32>(transform, SIZE_BITS);
  const side = 1 << bits;
  const columns = (width + side - 1) >> bits;
  let modes = <usize>load<u32>(transform, DATA) + <usize>((row >> bits) * columns) * 4;
  for (let x = 0; x < width; x += side) {
    const first = max(x, 1);
    const mode = <i32>load<u8>(modes, 1) & 15;
    const offset = first << 2;
    addPrediction(mode, at + offset, above + offset, min(x + side, width) - first);
    modes += 4;
  }
}

@inline
function shifted(factor: u32, value: u32): i32 {
  return (<i32>(<i8>factor) * <i32>(<i8>value)) >> 5;
}

function addCrossColour(transform: usize, row: i32, at: usize, width: i32): void {
  const bits = load<i32>(transform, SIZE_BITS);
  const columns = (width + (1 << bits) - 1) >> bits;
  const factors = <usize>load<u32>(transform, DATA) + <usize>((row >> bits) * columns) * 4;
  for (let x = 0; x < width; x++) {
    const factor = load<u32>(factors + (<usize>(x >> bits) << 2));
    const pixel = load<u32>(at);
    const green = pixel >> 8;
    const red = ((pixel >> 16) + shifted(factor, green)) & 255;
    const blue = (pixel + shifted(factor >> 8, green) + shifted(factor >> 16, red)) & 255;
    store<u32>(at, (pixel & 0xff00ff00) | (red << 16) | blue);
    at += 4;
  }
}

function addGreen(at: usize, width: i32): void {
  for (let x = 0; x < width; x += 4) {
    const pixels = v128.load(at);
    const green = i8x16.swizzle(
      pixels,
      i8x16(1, -1, 1, -1, 5, -1, 5, -1, 9, -1, 9, -1, 13, -1, 13, -1),
    );
    v128.store(at, i8x16.add(pixels, green));
    at += 16;
  }
}

/** Indices, several in a pixel's green, to colours. */
function unpack(transform: usize, from: usize, to: usize, width: i32): void {
  const colours = <usize>load<u32>(transform, DATA);
  const bits = load<i32>(transform, SIZE_BITS);
  const indexBits = 8 >> bits;
  const mask: u32 = (1 << indexBits) - 1;
  const together = (1 << bits) - 1;
  let packed: u32 = 0;
  for (let x = 0; x < width; x++) {
    if ((x & together) == 0) {
      packed = load<u8>(from, 1);
      from += 4;
    }
    store<u32>(to, load<u32>(colours + (<usize>(packed & mask) << 2)));
    packed >>= indexBits;
    to += 4;
  }
}

/** The finished row, packed RGB or RGBA; may write 16 bytes past it. */
export function vp8lWriteRow(decoder: usize, target: usize, channels: i32): void {
  let from = <usize>load<u32>(decoder, FINISHED);
  const width = load<i32>(decoder, WIDTH);
  const step = <usize>channels << 2;
  for (let x = 0; x < width; x += 4) {
    const pixels = v128.load(from);
    v128.store(
      target,
      channels == 4
        ? i8x16.swizzle(pixels, i8x16(2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12, 15))
        : i8x16.swizzle(pixels, i8x16(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1)),
    );
    from += 16;
    target += step;
  }
}

/** The finished row's green, which is how planes are coded; may write 4 bytes past it. */
export function vp8lWritePlane(decoder: usize, target: usize): void {
  let from = <usize>load<u32>(decoder, FINISHED);
  const width = load<i32>(decoder, WIDTH);
  for (let x = 0; x < width; x += 4) {
    const green = i8x16.swizzle(
      v128.load(from),
      i8x16(1, 5, 9, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
    );
    v128.store32_lane(target, green, 0);
    from += 16;
    target += 4;
  }
}
