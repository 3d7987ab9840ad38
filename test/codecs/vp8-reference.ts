/** The last row of a VP8 picture as libwebp shows it, from the samples of luma and chroma there. */

export interface Samples {
  y: Uint8Array;
  u: Uint8Array;
  v: Uint8Array;
}

/** What libwebp's YuvToRgb does: 14-bit constants, 6 bits kept, clipped. */
function toRgb(y: number, u: number, v: number): number[] {
  const light = (y * 19_077) >> 8;
  return [
    light + ((v * 26_149) >> 8) - 14_234,
    light - ((u * 6419) >> 8) - ((v * 13_320) >> 8) + 8708,
    light + ((u * 33_050) >> 8) - 17_685,
  ].map((value) => Math.min(255, Math.max(0, value >> 6)));
}

/**
 * libwebp's upsampling of chroma where the rows above and below are one, as they are for the last row
 * of a picture of even height: three parts of the near sample, one of the other, rounded in two steps.
 */
function upsample(chroma: Uint8Array, x: number, width: number): number {
  const left = (x - 1) >> 1;
  const first = chroma[Math.max(0, left)] ?? 0;
  if (x === 0 || left + 1 >= (width + 1) >> 1) return first;
  const second = chroma[left + 1] ?? 0;
  return (((first + second + 2) >> 1) + (x % 2 === 0 ? second : first)) >> 1;
}

export function showLastRow({ y, u, v }: Samples, width: number): Uint8Array {
  const row = Array.from({ length: width }, (_, x) =>
    toRgb(y[x] ?? 0, upsample(u, x, width), upsample(v, x, width)),
  );
  return Uint8Array.from(row.flat());
}
