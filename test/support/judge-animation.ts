/** Animations as independent decoders see them. */
import sharp from "sharp";
import UPNG from "upng-js";
import type { Moving } from "./lab-client.ts";

/** GIF and WebP by sharp; delays are as in the file. Unpainted pixels are transparent black. */
export async function judgeAnimation(file: Uint8Array): Promise<Moving> {
  const {
    pages = 1,
    delay = [],
    loop = 1,
    ...size
  } = await sharp(file, { animated: true }).metadata();
  const data = await sharp(file, { animated: true })
    .toColourspace("srgb")
    .ensureAlpha()
    .raw()
    .toBuffer();
  const { width, height, pageHeight } = size;
  return {
    width,
    height: pageHeight ?? height,
    plays: loop,
    durations: pages === 1 ? [0] : delay,
    data: withoutUnseen(new Uint8Array(data)),
  };
}

/** Animated PNGs by UPNG. */
export function judgeApng(file: Uint8Array): Moving {
  const image = UPNG.decode(Uint8Array.from(file).buffer);
  const frames = UPNG.toRGBA8(image).map((frame) => new Uint8Array(frame));
  return {
    width: image.width,
    height: image.height,
    plays: image.tabs.acTL?.num_plays ?? 1,
    durations: image.frames.map(({ delay }) => delay),
    data: withoutUnseen(Buffer.concat(frames)),
  };
}

/** The colours of transparent pixels mean nothing. */
export function withoutUnseen(rgba: Uint8Array): Uint8Array {
  for (let i = 0; i < rgba.length; i += 4) if (rgba[i + 3] === 0) rgba.fill(0, i, i + 4);
  return rgba;
}

/** As seen on black, with the alphas: what cannot be seen does not count. */
export function premultiply(rgba: Uint8Array): Uint8Array {
  const seen = rgba.slice();
  for (let i = 0; i < seen.length; i += 4) {
    const alpha = seen[i + 3] as number;
    for (let c = i; c < i + 3; c++) seen[c] = Math.round(((seen[c] as number) * alpha) / 255);
  }
  return seen;
}
