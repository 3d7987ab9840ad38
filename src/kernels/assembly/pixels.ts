// Planes to packed pixels, as the decoders that have planes end.

/** Sixteen RGB pixels of sixteen samples each of red, green and blue. */
@inline
export function storePixels(target: usize, r: v128, g: v128, b: v128): void {
  // Red and green by turns, then blue into every third place.
  const rgL = i8x16.shuffle(r, g, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const rgH = i8x16.shuffle(r, g, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  v128.store(
    target,
    i8x16.shuffle(rgL, b, 0, 1, 16, 2, 3, 17, 4, 5, 18, 6, 7, 19, 8, 9, 20, 10),
  );
  const middle = i8x16.shuffle(rgL, rgH, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 0, 0, 0, 0, 0);
  v128.store(
    target,
    i8x16.shuffle(middle, b, 0, 21, 1, 2, 22, 3, 4, 23, 5, 6, 24, 7, 8, 25, 9, 10),
    16,
  );
  v128.store(
    target,
    i8x16.shuffle(rgH, b, 26, 6, 7, 27, 8, 9, 28, 10, 11, 29, 12, 13, 30, 14, 15, 31),
    32,
  );
}

/** Packed RGB and a plane of alpha to packed RGBA; may write 12 bytes past it. */
export function addAlpha(rgb: usize, alpha: usize, width: i32, target: usize): void {
  for (let x = 0; x < width; x += 4) {
    const colours = i8x16.swizzle(
      v128.load(rgb),
      i8x16(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1),
    );
    const opacity = i8x16.swizzle(
      v128.load32_zero(alpha),
      i8x16(-1, -1, -1, 0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3),
    );
    v128.store(target, v128.or(colours, opacity));
    rgb += 12;
    alpha += 4;
    target += 16;
  }
}
