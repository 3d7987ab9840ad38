/** ImageMagick in WASM: judges the formats that sharp does not read. */
import {
  ColorSpace,
  CompressionMethod,
  ImageMagick,
  initializeImageMagick,
  MagickFormat,
  MagickReadSettings,
  type IMagickImage,
} from "@imagemagick/magick-wasm";
import type { Pixels } from "./lab-client.ts";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

let ready: Promise<void> | undefined;

async function start(): Promise<void> {
  const path = createRequire(import.meta.url).resolve("@imagemagick/magick-wasm/magick.wasm");
  await initializeImageMagick(readFileSync(path));
}

/**
 * A file's first picture in sRGB as RGBA, 8 bits each.
 * @param format what it is, where its first bytes do not tell
 * @param index another of its pictures
 */
export async function readByMagick(file: Uint8Array, format?: MagickFormat, index = 0) {
  await (ready ??= start());
  const settings = new MagickReadSettings({ frameIndex: index, ...(format && { format }) });
  return ImageMagick.read(file, settings, (image) => {
    if (image.colorSpace !== ColorSpace.Gray) image.colorSpace = ColorSpace.sRGB;
    const { width, height } = image;
    const read = image.getPixels((pixels) => pixels.toByteArray(0, 0, width, height, "RGBA"));
    return { width, height, data: Uint8Array.from(read ?? []) };
  });
}

/**
 * A file's first picture, upright, as a TIFF with its profile, for sharp to read.
 * @param name the format's, for those whose first bytes do not tell
 */
export async function toTiffByMagick(file: Uint8Array, name: string): Promise<Uint8Array> {
  await (ready ??= start());
  const format = Object.values(MagickFormat).find((known) => known === name.toUpperCase());
  return ImageMagick.read(file, new MagickReadSettings({ ...(format && { format }) }), (image) => {
    image.autoOrient();
    image.metaChannelCount = 0;
    image.depth = 8;
    image.settings.compression = CompressionMethod.NoCompression;
    return image.write(MagickFormat.Tiff, (bytes) => Uint8Array.from(bytes));
  });
}

/** What it says of a file beside the pixels, e.g. `tiff:artist`. */
export async function readAttribute(file: Uint8Array, name: string): Promise<string | null> {
  await (ready ??= start());
  return ImageMagick.read(file, (image) => image.getAttribute(name));
}

/** What it says of a file beside the pixels, as sharp calls it; in EXIF no orientation is 1. */
export async function readMetadataByMagick(file: Uint8Array) {
  await (ready ??= start());
  return ImageMagick.read(file, (image) => {
    const profile = (name: string) => {
      const data = image.getProfile(name)?.data;
      return data ? Buffer.from(data) : undefined;
    };
    const { width, height, orientation } = image;
    return {
      ...{ width, height, orientation: Math.max(1, orientation) },
      ...{ exif: profile("exif"), xmp: profile("xmp"), icc: profile("icc") },
    };
  });
}

/**
 * A file of pixels of 8 bits.
 * @param adjust what else is to be set before it is written
 */
export async function writeByMagick(
  pixels: Pixels,
  format: MagickFormat,
  adjust: (image: IMagickImage) => void = () => undefined,
): Promise<Buffer> {
  await (ready ??= start());
  const { width, height, channels, data } = pixels;
  const settings = new MagickReadSettings({
    format: RAW_FORMATS[channels],
    width,
    height,
    depth: 8,
  });
  return ImageMagick.read(data, settings, (image) => {
    adjust(image);
    return image.write(format, (file) => Buffer.from(file));
  });
}

const RAW_FORMATS = { 1: MagickFormat.Gray, 3: MagickFormat.Rgb, 4: MagickFormat.Rgba } as const;
