/** ImageMagick in WASM: judges the formats that sharp does not read. */
import { ImageMagick, initializeImageMagick } from "@imagemagick/magick-wasm";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

let ready: Promise<void> | undefined;

async function start(): Promise<void> {
  const path = createRequire(import.meta.url).resolve("@imagemagick/magick-wasm/magick.wasm");
  await initializeImageMagick(readFileSync(path));
}

/** A file's first picture as RGBA, 8 bits each. */
export async function readByMagick(file: Uint8Array) {
  await (ready ??= start());
  return ImageMagick.read(file, (image) => {
    const { width, height } = image;
    const read = image.getPixels((pixels) => pixels.toByteArray(0, 0, width, height, "RGBA"));
    return { width, height, data: Uint8Array.from(read ?? []) };
  });
}

/** What it says of a file beside the pixels, e.g. `tiff:artist`. */
export async function readAttribute(file: Uint8Array, name: string): Promise<string | null> {
  await (ready ??= start());
  return ImageMagick.read(file, (image) => image.getAttribute(name));
}
