/** How like its original a compressed picture is, in luma, and what a peer's file of that would weigh. */
import sharp from "sharp";
import { psnr } from "../../test/support/psnr.ts";

export interface Plane {
  width: number;
  height: number;
  data: Uint8Array;
}

export interface Quality {
  /** In dB. */
  psnr: number;
  ssim: number;
}

export async function readLuma(file: Uint8Array): Promise<Plane> {
  const { data, info } = await sharp(file, { ignoreIcc: true })
    .removeAlpha()
    .toColourspace("b-w")
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1) throw new Error("luma has one channel");
  return { width: info.width, height: info.height, data };
}

export async function measureQuality(original: Plane, file: Uint8Array): Promise<Quality> {
  const made = await readLuma(file);
  return { psnr: psnr(original.data, made.data), ssim: ssim(original, made) };
}

const WINDOW = 8;
const STRIDE = 4;

/** Wang et al., "Image Quality Assessment" (2004), with windows of 8×8 pixels at every fourth. */
function ssim(a: Plane, b: Plane): number {
  const { width, height } = a;
  const count = WINDOW * WINDOW;
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  let sum = 0;
  let windows = 0;
  for (let top = 0; top + WINDOW <= height; top += STRIDE) {
    for (let left = 0; left + WINDOW <= width; left += STRIDE) {
      let [sumA, sumB, squares, products] = [0, 0, 0, 0];
      for (let y = top; y < top + WINDOW; y++) {
        for (let at = y * width + left, end = at + WINDOW; at < end; at++) {
          const p = a.data[at] as number;
          const q = b.data[at] as number;
          sumA += p;
          sumB += q;
          squares += p * p + q * q;
          products += p * q;
        }
      }
      const [meanA, meanB] = [sumA / count, sumB / count];
      const means = meanA * meanA + meanB * meanB;
      const covariance = products / count - meanA * meanB;
      const variances = squares / count - means;
      sum += ((2 * meanA * meanB + c1) * (2 * covariance + c2)) / ((means + c1) * (variances + c2));
      windows++;
    }
  }
  return sum / windows;
}

export interface Point extends Quality {
  bytes: number;
}

/**
 * The bytes at which a peer would reach `value`, between (or beyond) two of its files: the
 * logarithm of a file's length is about linear in its PSNR, and in its SSIM nearby.
 */
export function bytesAt(points: readonly Point[], metric: keyof Quality, value: number): number {
  const sorted = points.toSorted((p, q) => p[metric] - q[metric]);
  const above = sorted.findIndex((point) => point[metric] >= value);
  const index = Math.max(1, above < 0 ? sorted.length - 1 : above);
  const [low, high] = sorted.slice(index - 1, index + 1) as [Point, Point];
  const share = (value - low[metric]) / (high[metric] - low[metric]);
  return low.bytes * (high.bytes / low.bytes) ** share;
}
