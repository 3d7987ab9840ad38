// Expands unfiltered PNG rows to 8-bit gray, RGB or RGBA. Buffers have room for a vector behind
// them. Tables hold 256 pixels as R, G, B, A bytes.

/**
 * Samples of 1, 2, 4 or 8 bits through a table, to 1 (its R), 3 or 4 channels. Rows at `src` start
 * on a byte.
 */
export function pngExpandIndexed(
  src: i32,
  rows: i32,
  width: i32,
  bits: i32,
  table: i32,
  channels: i32,
  dst: i32,
): void {
  const rowBytes = (width * bits + 7) >> 3;
  const mask = (1 << bits) - 1;
  for (let y = 0; y < rows; y++) {
    if (bits == 8) {
      for (let x = 0; x < width; x++) {
        store<u32>(dst, load<u32>(table + ((<i32>load<u8>(src + x)) << 2)));
        dst += channels;
      }
    } else {
      let bit = 0;
      for (let x = 0; x < width; x++) {
        const byte = <i32>load<u8>(src + (bit >> 3));
        const index = (byte >> (8 - bits - (bit & 7))) & mask;
        store<u32>(dst, load<u32>(table + (index << 2)));
        bit += bits;
        dst += channels;
      }
    }
    src += rowBytes;
  }
}

/** Big-endian 16-bit samples to the nearest 8-bit ones, v * 255 / 65535. May be in place. */
export function pngReduce16(src: i32, samples: i32, dst: i32): void {
  for (let i = 0; i < samples; i++) {
    const value = (<i32>bswap<u16>(load<u16>(src + (i << 1)))) & 0xffff;
    store<u8>(dst + i, (value * 255 + 32895) >> 16);
  }
}

/** Pairs of gray and alpha, 8 bits each, to RGBA; the table maps gray. */
export function pngExpandGrayAlpha(src: i32, pixels: i32, table: i32, dst: i32): void {
  for (let i = 0; i < pixels; i++) {
    const colour = load<u32>(table + ((<i32>load<u8>(src + (i << 1))) << 2)) & 0xffffff;
    const alpha = <u32>load<u8>(src + (i << 1) + 1);
    store<u32>(dst + (i << 2), colour | (alpha << 24));
  }
}

/**
 * Gray (`samples` 1, 16 bits only) or RGB (3) of `bytes` (1 or 2) each to RGBA, transparent where
 * the pixel's bytes are the colour key's. The table maps gray.
 */
export function pngExpandKeyed(
  src: i32,
  pixels: i32,
  samples: i32,
  bytes: i32,
  key: i32,
  table: i32,
  dst: i32,
): void {
  const step = samples * bytes;
  for (let i = 0; i < pixels; i++) {
    let same = true;
    for (let k = 0; k < step; k++) same = same && load<u8>(src + k) == load<u8>(key + k);
    const r = sampleAt(src, bytes);
    let colour = 0;
    if (samples == 1) colour = load<u32>(table + (r << 2)) & 0xffffff;
    else colour = r | (sampleAt(src + bytes, bytes) << 8) | (sampleAt(src + 2 * bytes, bytes) << 16);
    store<u32>(dst, colour | (same ? 0 : 0xff000000));
    src += step;
    dst += 4;
  }
}

@inline
function sampleAt(src: i32, bytes: i32): u32 {
  if (bytes == 1) return <u32>load<u8>(src);
  const value = (<i32>bswap<u16>(load<u16>(src))) & 0xffff;
  return <u32>((value * 255 + 32895) >> 16);
}

/**
 * Puts rows of pixels into places that are `pixelStep` and `rowStep` bytes apart: a pass of an
 * interlaced picture into the picture.
 */
export function pngSpread(
  src: i32,
  rows: i32,
  columns: i32,
  channels: i32,
  dst: i32,
  pixelStep: i32,
  rowStep: i32,
): void {
  for (let y = 0; y < rows; y++) {
    if (pixelStep == channels) {
      memory.copy(dst, src, columns * channels);
      src += columns * channels;
    } else {
      let to = dst;
      for (let x = 0; x < columns; x++) {
        if (channels == 4) store<u32>(to, load<u32>(src));
        else {
          store<u8>(to, load<u8>(src));
          if (channels == 3) store<u16>(to, load<u16>(src, 1), 1);
        }
        src += channels;
        to += pixelStep;
      }
    }
    dst += rowStep;
  }
}
