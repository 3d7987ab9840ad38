/** How alike two pictures look, transparency included. */
import { psnr } from "./psnr.ts";

const WHITE = 255;
const BLACK = 0;

/** RGBA laid on a gray. @returns RGB */
export function layOn(gray: number, rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    const alpha = rgba[from + 3] as number;
    const behind = gray * (255 - alpha);
    for (let c = 0; c < 3; c++) {
      rgb[to++] = Math.round(((rgba[from + c] as number) * alpha + behind) / 255);
    }
  }
  return rgb;
}

/**
 * PSNR in dB of RGBA pictures on white.
 * @param transparent whether both may be: then it is the worse of on white and on black
 */
export function psnrAsSeen(
  a: { data: Uint8Array },
  b: { data: Uint8Array },
  transparent: boolean,
): number {
  const on = (gray: number) => psnr(layOn(gray, a.data), layOn(gray, b.data));
  return transparent ? Math.min(on(WHITE), on(BLACK)) : on(WHITE);
}

const HALF = 128;

/** As formats have it whose pixels are painted or not: opaque from half on, else nothing. */
export function opaqueFrom<Picture extends { data: Uint8Array }>(picture: Picture): Picture {
  const data = picture.data.slice();
  for (let i = 3; i < data.length; i += 4) data[i] = (data[i] as number) < HALF ? 0 : 255;
  return { ...picture, data };
}
