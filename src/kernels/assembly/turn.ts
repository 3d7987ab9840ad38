// Pixels to other places, as turning a picture moves them. What goes to neighbouring places is
// written together, in vectors; where it comes from may be anywhere.

/**
 * `runs` runs of `length` pixels of three bytes. Pixel i of run j comes from
 * `source + i * along + j * across`; runs begin `stride` bytes after each other at `target`. All
 * three distances are in bytes and may be negative. Reads the byte before a pixel, too.
 */
export function turn3(
  source: usize,
  along: i32,
  across: i32,
  length: i32,
  runs: i32,
  target: usize,
  stride: i32,
): void {
  for (let run = 0; run < runs; run++) {
    let from = source;
    let to = target;
    let left = length;
    for (; left >= 16; left -= 16) {
      const a = packFour(from, along);
      const b = packFour(from + 4 * along, along);
      const c = packFour(from + 8 * along, along);
      const d = packFour(from + 12 * along, along);
      v128.store(to, i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19));
      v128.store(
        to,
        i8x16.shuffle(b, c, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23),
        16,
      );
      v128.store(
        to,
        i8x16.shuffle(c, d, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27),
        32,
      );
      from += 16 * along;
      to += 48;
    }
    for (; left > 0; left--) {
      store<u16>(to, load<u16>(from));
      store<u8>(to, load<u8>(from, 2), 2);
      from += along;
      to += 3;
    }
    source += across;
    target += stride;
  }
}

/** Four pixels in twelve bytes. Loads end with the pixel: behind it the memory may end. */
@inline
function packFour(from: usize, along: i32): v128 {
  const start = from - 1;
  let pixels = v128.load32_zero(start);
  pixels = v128.load32_lane(start + along, pixels, 1);
  pixels = v128.load32_lane(start + 2 * along, pixels, 2);
  pixels = v128.load32_lane(start + 3 * along, pixels, 3);
  return i8x16.swizzle(pixels, i8x16(1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, -1, -1, -1, -1));
}

/** As `turn3`, pixels of four bytes. */
export function turn4(
  source: usize,
  along: i32,
  across: i32,
  length: i32,
  runs: i32,
  target: usize,
  stride: i32,
): void {
  for (let run = 0; run < runs; run++) {
    let from = source;
    let to = target;
    let left = length;
    for (; left >= 4; left -= 4) {
      let pixels = v128.load32_zero(from);
      pixels = v128.load32_lane(from + along, pixels, 1);
      pixels = v128.load32_lane(from + 2 * along, pixels, 2);
      pixels = v128.load32_lane(from + 3 * along, pixels, 3);
      v128.store(to, pixels);
      from += 4 * along;
      to += 16;
    }
    for (; left > 0; left--) {
      store<u32>(to, load<u32>(from));
      from += along;
      to += 4;
    }
    source += across;
    target += stride;
  }
}

/** As `turn3`, pixels of one byte. */
export function turn1(
  source: usize,
  along: i32,
  across: i32,
  length: i32,
  runs: i32,
  target: usize,
  stride: i32,
): void {
  for (let run = 0; run < runs; run++) {
    let from = source;
    let left = length;
    let to = target;
    for (; left >= 4; left -= 4) {
      let pixels = i8x16.splat(load<u8>(from));
      pixels = v128.load8_lane(from + along, pixels, 1);
      pixels = v128.load8_lane(from + 2 * along, pixels, 2);
      pixels = v128.load8_lane(from + 3 * along, pixels, 3);
      v128.store32_lane(to, pixels, 0);
      from += 4 * along;
      to += 4;
    }
    for (; left > 0; left--) {
      store<u8>(to++, load<u8>(from));
      from += along;
    }
    source += across;
    target += stride;
  }
}
