/**
 * Camera raw: the largest preview that the camera left in the file. Light as sensors see it is not
 * developed: that would take an estimated 20 bytes a pixel at once, 4 megapixels in an isolate, where cameras
 * have 24.
 */
import { AppError } from "../../errors.ts";
import { MAX_METADATA_BYTES } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Orientation, Source, Warning } from "../../pipeline/picture.ts";
import { openJpeg } from "../jpeg/decode.ts";
import { readNumber, type Directory } from "../tiff/directory.ts";
import { readExif } from "../tiff/exif.ts";
import { TAGS } from "../tiff/tags.ts";
import { fileOf, readRaw, type Candidate } from "./previews.ts";

/** @throws AppError invalid_image, truncated_image, unsupported_feature where there is no preview */
export async function openRaw(bytes: ByteSource): Promise<Source> {
  const { directory, previews } = await readRaw(bytes);
  const preview = await openLargest(bytes, previews);
  if (!preview) {
    throw new AppError(
      "unsupported_feature",
      "The raw file has no preview that can be read, and raw data is not developed.",
    );
  }
  const { width, height, metadata } = preview;
  const told = directory && !metadata.exif ? await describe(bytes, directory) : null;
  const warning: Warning = {
    code: "embedded_preview",
    message: `The camera's own preview of ${width} × ${height} was used; raw data is not developed.`,
  };
  return {
    ...preview,
    format: "raw",
    orientation: told?.orientation ?? preview.orientation,
    metadata: { ...metadata, exif: told?.exif ?? metadata.exif },
    get warnings() {
      return [warning, ...preview.warnings];
    },
  };
}

/** What is no JPEG that we read, such as a lossless one of sensor data, is left out. */
async function openLargest(
  bytes: ByteSource,
  candidates: readonly Candidate[],
): Promise<Source | null> {
  let largest: Source | null = null;
  for (const candidate of candidates) {
    const source = await openJpeg(fileOf(bytes, candidate)).catch((error: unknown) => {
      if (error instanceof AppError && !error.traits.retryable) return null;
      throw error;
    });
    if (source && source.width * source.height > (largest ? largest.width * largest.height : 0)) {
      largest = source;
    }
  }
  return largest;
}

/** Of the raw picture, which its preview is as the sensor saw it. */
async function describe(bytes: ByteSource, directory: Directory) {
  const value = await readNumber(bytes, directory, TAGS.orientation, 1).catch(() => 1);
  const orientation = (value >= 1 && value <= 8 ? value : 1) as Orientation;
  return { orientation, exif: await readExif(bytes, directory, MAX_METADATA_BYTES) };
}
