/** Packed pixels as a picture in flight. */
import type { Picture, PictureInfo, Strip } from "../../src/pipeline/picture.ts";

/** @param stripRows rows of all strips but the last */
export function toPicture(pixels: Uint8Array, info: PictureInfo, stripRows = 16): Picture {
  const { width, height, channels } = info;
  async function* strips(): AsyncGenerator<Strip> {
    for (let y = 0; y < height; y += stripRows) {
      const rows = Math.min(stripRows, height - y);
      const start = y * width * channels;
      yield { y, rows, data: pixels.subarray(start, start + rows * width * channels) };
    }
  }
  return { ...info, strips: strips() };
}
