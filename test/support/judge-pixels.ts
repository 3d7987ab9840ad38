/** Pixels that sharp reads, and how far others are from them. */
import sharp from "sharp";
import { expect } from "vitest";

/** As sharp sees the file, in 8 bits. */
export async function judge(file: Uint8Array, channels: number): Promise<Uint8Array> {
  const image = sharp(file).toColourspace(channels === 1 ? "b-w" : "srgb");
  const { data, info } = await (channels === 4 ? image.ensureAlpha() : image)
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(channels);
  return data;
}

/** The most that a value of one differs from the other's. */
export function maxDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  let max = 0;
  for (let i = 0; i < a.length; i++) max = Math.max(max, Math.abs((a[i] ?? 0) - (b[i] ?? 0)));
  return max;
}
