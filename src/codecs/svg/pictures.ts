/** Pictures inside a drawing, which resvg decodes as a whole. */
import { Buffer } from "node:buffer";
import { AppError } from "../../errors.ts";
import { sniffFormat } from "../../find-format.ts";
import type { FormatName } from "../../formats.ts";
import { fromBytes } from "../../pipeline/bytes.ts";
import type { Open, OpenContext } from "../codec.ts";
import { openGif } from "../gif/source.ts";
import { openJpeg } from "../jpeg/decode.ts";
import { openPng } from "../png/source.ts";

/** Of all together. */
const MAX_PIXELS = 6_000_000;

const OPENERS: Partial<Record<FormatName, Open>> = { jpg: openJpeg, png: openPng, gif: openGif };

/**
 * Reads their headers.
 * @param uris base64
 * @returns bytes that they take once decoded, and those that cannot be read
 * @throws AppError too_many_pixels
 */
export async function measurePictures(
  uris: readonly string[],
  context: OpenContext,
): Promise<{ pictureBytes: number; damaged: string[] }> {
  let pixels = 0;
  const damaged: string[] = [];
  for (const uri of uris) {
    const bytes = new Uint8Array(Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64"));
    const format = sniffFormat(bytes);
    const source = format && (await OPENERS[format]?.(fromBytes(bytes), context).catch(() => null));
    if (!source) {
      damaged.push(uri);
      continue;
    }
    const { width, height } = source;
    pixels += width * height;
    if (pixels > MAX_PIXELS) {
      throw new AppError(
        "too_many_pixels",
        `The pictures in the SVG have more than ${MAX_PIXELS} pixels together.`,
        { limit: "max_image_pixels", limit_pixels: MAX_PIXELS },
      );
    }
  }
  return { pictureBytes: pixels * 4, damaged };
}
