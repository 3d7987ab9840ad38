/**
 * Camera raw: the camera's own picture where it is about as large as the sensor's, since nobody else
 * renders as it does; else what the sensor saw is developed; where that cannot be, the largest preview.
 */
import { AppError } from "../../errors.ts";
import { MAX_METADATA_BYTES } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Size } from "../../pipeline/geometry.ts";
import type { Metadata, Orientation, Source } from "../../pipeline/picture.ts";
import { openJpeg } from "../jpeg/decode.ts";
import { readBlob, readNumber, type Directory } from "../tiff/directory.ts";
import { readExif } from "../tiff/exif.ts";
import { TAGS } from "../tiff/tags.ts";
import { develop, developMemory, scalesOf } from "./develop/develop.ts";
import { findSensor, readSensor, type Sensor } from "./develop/sensor.ts";
import { fileOf, readRaw, type Candidate } from "./previews.ts";

/** How much of the sensor's longer side a preview must have to be preferred. */
const LARGE_SHARE = 0.9;

/** @throws AppError invalid_image, truncated_image, unsupported_feature where nothing can be read */
export async function openRaw(bytes: ByteSource): Promise<Source> {
  const { directories, previews } = await readRaw(bytes);
  const preview = await openLargest(bytes, previews);
  const sensor = await openSensor(bytes, directories);
  const main = directories[0];
  if (main && !(sensor instanceof AppError) && !(preview && isAsLarge(preview, sensor.crop))) {
    return await openDeveloped(bytes, sensor, main);
  }
  if (preview) {
    const reason = sensor instanceof AppError ? sensor.message : "Raw data was not developed.";
    return await openPreview(bytes, preview, main, reason);
  }
  throw sensor instanceof AppError ? sensor : noPreview();
}

const isAsLarge = (preview: Size, sensor: Size): boolean =>
  longer(preview) >= longer(sensor) * LARGE_SHARE;

const longer = ({ width, height }: Size): number => Math.max(width, height);

const noPreview = (): AppError =>
  new AppError(
    "unsupported_feature",
    "The raw file has no preview that can be read, and no raw data that can be developed.",
  );

/** @returns why there is none where it cannot be developed */
async function openSensor(
  bytes: ByteSource,
  directories: readonly Directory[],
): Promise<Sensor | AppError> {
  try {
    const directory = await findSensor(bytes, directories);
    const main = directories[0];
    return directory && main ? await readSensor(bytes, directory, main) : noPreview();
  } catch (error) {
    if (error instanceof AppError && !error.traits.retryable) return error;
    throw error;
  }
}

async function openDeveloped(bytes: ByteSource, sensor: Sensor, main: Directory): Promise<Source> {
  const { width, height } = sensor.crop;
  const { orientation, metadata } = await describe(bytes, main);
  return {
    ...{ format: "raw", width, height, channels: 3, icc: null, depth: sensor.bits },
    ...{ orientation, metadata, frames: 1, pages: 1, warnings: sensor.layout.warnings },
    scales: scalesOf(sensor),
    memory: (plan) => developMemory(sensor, plan),
    picture: async (plan, workspace) => await develop(bytes, sensor, plan, workspace),
  };
}

async function openPreview(
  bytes: ByteSource,
  preview: Source,
  main: Directory | undefined,
  reason: string,
): Promise<Source> {
  const { width, height, metadata } = preview;
  const told = main && !metadata.exif ? await describe(bytes, main) : null;
  const message = `The camera's own preview of ${width} × ${height} was used. ${reason}`;
  return {
    ...preview,
    format: "raw",
    orientation: told?.orientation ?? preview.orientation,
    metadata: { ...metadata, exif: told?.metadata.exif ?? metadata.exif },
    get warnings() {
      return [{ code: "embedded_preview", message }, ...preview.warnings];
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

interface Description {
  orientation: Orientation;
  metadata: Metadata;
}

/** Of the raw picture, which its preview is as the sensor saw it. */
async function describe(bytes: ByteSource, main: Directory): Promise<Description> {
  const value = await readNumber(bytes, main, TAGS.orientation, 1).catch(() => 1);
  const orientation = (value >= 1 && value <= 8 ? value : 1) as Orientation;
  const xmp = await readBlob(bytes, main, TAGS.xmp, MAX_METADATA_BYTES);
  const exif = await readExif(bytes, main, MAX_METADATA_BYTES - (xmp?.length ?? 0));
  return { orientation, metadata: { icc: null, exif, xmp } };
}
