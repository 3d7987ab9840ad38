// Pixels to blocks of 64 samples.

// Colour: JFIF's YCbCr (BT.601, full range), 16-bit fixed point, samples centred on 0. A swizzle
// makes pairs of 16 bits of four RGB pixels, so that one dot product weighs two channels.
@inline
function redGreen0(pixels: v128): v128 {
  return i8x16.swizzle(pixels, i8x16(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1));
}
@inline
function blueGreen0(pixels: v128): v128 {
  return i8x16.swizzle(pixels, i8x16(2, -1, 1, -1, 5, -1, 4, -1, 8, -1, 7, -1, 11, -1, 10, -1));
}
// The same for the last four of eight pixels, loaded from byte 8 on so as not to read past them.
@inline
function redGreen4(pixels: v128): v128 {
  return i8x16.swizzle(pixels, i8x16(4, -1, 5, -1, 7, -1, 8, -1, 10, -1, 11, -1, 13, -1, 14, -1));
}
@inline
function blueGreen4(pixels: v128): v128 {
  return i8x16.swizzle(pixels, i8x16(6, -1, 5, -1, 9, -1, 8, -1, 12, -1, 11, -1, 15, -1, 14, -1));
}

// 0.587 is split into 0.337 + 0.25, as it does not fit 16 signed bits.
@inline
function luma(rg: v128, bg: v128): v128 {
  const sum = i32x4.add(
    i32x4.dot_i16x8_s(rg, i16x8(19595, 22086, 19595, 22086, 19595, 22086, 19595, 22086)),
    i32x4.dot_i16x8_s(bg, i16x8(7471, 16384, 7471, 16384, 7471, 16384, 7471, 16384)),
  );
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(32768 - (128 << 16))), 16);
}
// Half a unit more than 127 must not become 128, hence the callers' rounding by a half less one.
@inline
function blueChroma(rg: v128, bg: v128): v128 {
  return i32x4.sub(
    i32x4.dot_i16x8_s(rg, i16x8(-11059, -21709, -11059, -21709, -11059, -21709, -11059, -21709)),
    i32x4.dot_i16x8_s(bg, i16x8(-32768, 0, -32768, 0, -32768, 0, -32768, 0)),
  );
}
@inline
function redChroma(rg: v128, bg: v128): v128 {
  return i32x4.sub(
    i32x4.dot_i16x8_s(bg, i16x8(-5329, -27439, -5329, -27439, -5329, -27439, -5329, -27439)),
    i32x4.dot_i16x8_s(rg, i16x8(-32768, 0, -32768, 0, -32768, 0, -32768, 0)),
  );
}

@inline
function pairSums(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7));
}

@inline
function roundQuarter(sum: v128): v128 {
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(131071)), 18);
}

@inline
function roundWhole(sum: v128): v128 {
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(32767)), 16);
}

/** 16 x 16 pixels to four luma blocks and the two chroma blocks, each a mean of 2 x 2 pixels. */
export function convert420(source: usize, stride: i32, last: i32, blocks: usize): void {
  for (let r = 0; r < 16; r += 2) {
    const top = source + min(r, last) * stride;
    const bottom = source + min(r + 1, last) * stride;
    const target = blocks + ((r >> 3) << 8) + ((r & 7) << 4);

    let a = v128.load(top);
    let b = v128.load(top, 8);
    let c = v128.load(bottom);
    let d = v128.load(bottom, 8);
    let rg0 = redGreen0(a);
    let bg0 = blueGreen0(a);
    let rg1 = redGreen4(b);
    let bg1 = blueGreen4(b);
    let rg2 = redGreen0(c);
    let bg2 = blueGreen0(c);
    let rg3 = redGreen4(d);
    let bg3 = blueGreen4(d);
    v128.store(target, i16x8.narrow_i32x4_s(luma(rg0, bg0), luma(rg1, bg1)));
    v128.store(target, i16x8.narrow_i32x4_s(luma(rg2, bg2), luma(rg3, bg3)), 16);
    rg0 = i16x8.add(rg0, rg2);
    bg0 = i16x8.add(bg0, bg2);
    rg1 = i16x8.add(rg1, rg3);
    bg1 = i16x8.add(bg1, bg3);
    const cb = roundQuarter(pairSums(blueChroma(rg0, bg0), blueChroma(rg1, bg1)));
    const cr = roundQuarter(pairSums(redChroma(rg0, bg0), redChroma(rg1, bg1)));

    a = v128.load(top, 24);
    b = v128.load(top, 32);
    c = v128.load(bottom, 24);
    d = v128.load(bottom, 32);
    rg0 = redGreen0(a);
    bg0 = blueGreen0(a);
    rg1 = redGreen4(b);
    bg1 = blueGreen4(b);
    rg2 = redGreen0(c);
    bg2 = blueGreen0(c);
    rg3 = redGreen4(d);
    bg3 = blueGreen4(d);
    v128.store(target, i16x8.narrow_i32x4_s(luma(rg0, bg0), luma(rg1, bg1)), 128);
    v128.store(target, i16x8.narrow_i32x4_s(luma(rg2, bg2), luma(rg3, bg3)), 144);
    rg0 = i16x8.add(rg0, rg2);
    bg0 = i16x8.add(bg0, bg2);
    rg1 = i16x8.add(rg1, rg3);
    bg1 = i16x8.add(bg1, bg3);
    const cb2 = roundQuarter(pairSums(blueChroma(rg0, bg0), blueChroma(rg1, bg1)));
    const cr2 = roundQuarter(pairSums(redChroma(rg0, bg0), redChroma(rg1, bg1)));
    v128.store(blocks + (r << 3), i16x8.narrow_i32x4_s(cb, cb2), 512);
    v128.store(blocks + (r << 3), i16x8.narrow_i32x4_s(cr, cr2), 640);
  }
}

/** 8 x 8 pixels to one block of each component. */
export function convert444(source: usize, stride: i32, last: i32, blocks: usize): void {
  for (let r = 0; r < 8; r++) {
    const row = source + min(r, last) * stride;
    const a = v128.load(row);
    const b = v128.load(row, 8);
    const rg0 = redGreen0(a);
    const bg0 = blueGreen0(a);
    const rg1 = redGreen4(b);
    const bg1 = blueGreen4(b);
    const target = blocks + (r << 4);
    v128.store(target, i16x8.narrow_i32x4_s(luma(rg0, bg0), luma(rg1, bg1)));
    const cb = i16x8.narrow_i32x4_s(
      roundWhole(blueChroma(rg0, bg0)),
      roundWhole(blueChroma(rg1, bg1)),
    );
    v128.store(target, cb, 128);
    const cr = i16x8.narrow_i32x4_s(
      roundWhole(redChroma(rg0, bg0)),
      roundWhole(redChroma(rg1, bg1)),
    );
    v128.store(target, cr, 256);
  }
}

/** 8 x 8 gray pixels to one block. */
export function convertGray(source: usize, stride: i32, last: i32, blocks: usize): void {
  for (let r = 0; r < 8; r++) {
    const row = source + min(r, last) * stride;
    v128.store(blocks + (r << 4), i16x8.sub(v128.load_ext<u8>(row), i16x8.splat(128)));
  }
}
