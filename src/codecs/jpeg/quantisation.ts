/** Quantisation tables by quality, the same numbers as libjpeg's. */

// T.81, tables K.1 and K.2, in natural order.
// prettier-ignore
const LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61,
  12, 12, 14, 19, 26, 58, 60, 55,
  14, 13, 16, 24, 40, 57, 69, 56,
  14, 17, 22, 29, 51, 87, 80, 62,
  18, 22, 37, 56, 68, 109, 103, 77,
  24, 35, 55, 64, 81, 104, 113, 92,
  49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];
// prettier-ignore
const CHROMA = [
  17, 18, 24, 47, 99, 99, 99, 99,
  18, 21, 26, 66, 99, 99, 99, 99,
  24, 26, 56, 99, 99, 99, 99, 99,
  47, 66, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
];

/** N. Robidoux's, which ImageMagick and mozjpeg use for luma and chroma both. */
// prettier-ignore
const ROBIDOUX = [
  16, 16, 16, 18, 25, 37, 56, 85,
  16, 17, 20, 27, 34, 40, 53, 75,
  16, 20, 24, 31, 43, 62, 91, 135,
  18, 27, 31, 40, 53, 74, 106, 156,
  25, 34, 43, 53, 69, 94, 131, 189,
  37, 40, 62, 74, 94, 124, 169, 238,
  56, 53, 91, 106, 131, 169, 226, 311,
  85, 75, 135, 156, 189, 238, 311, 418,
];

const BASES = { standard: [LUMA, CHROMA], robidoux: [ROBIDOUX, ROBIDOUX] } as const;

/**
 * Divisors of luma and chroma in natural order for a quality from 1 to 100: the tables of T.81's
 * annex K, or others, by the scaling of libjpeg's jpeg_quality_scaling, clamped to 8 bits.
 */
export function makeQuantisation(
  quality: number,
  base: keyof typeof BASES = "standard",
): [Uint8Array, Uint8Array] {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  const scale = (divisors: readonly number[]) =>
    Uint8Array.from(divisors, (value) =>
      Math.min(255, Math.max(1, Math.floor((value * percent + 50) / 100))),
    );
  const [luma, chroma] = BASES[base];
  return [scale(luma), scale(chroma)];
}
