/**
 * A second opinion on small pictures: mozjpeg, as @jsquash/jpeg 1.6.0 compiles it, also weighs its DC
 * values, which saves up to a tenth of smooth ones. Whole pictures only, in several times their size
 * of memory, at 180 ms a megapixel.
 */
import createModule from "@jsquash/jpeg/codec/enc/mozjpeg_enc.js";
import mozjpegModule from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm";
import { AppError } from "../../errors.ts";
import type { InstanceKind, Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo, Strip } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { startEmscripten, type EmscriptenFactory, type EmscriptenInstance } from "../emscripten.ts";
import { chooseSampling } from "./encode.ts";
import { writeStart } from "./segments.ts";

interface MozjpegModule {
  encode(rgba: Uint8Array, width: number, height: number, options: object): Uint8Array;
}

const MOZJPEG: InstanceKind<EmscriptenInstance<MozjpegModule>> = {
  name: "mozjpeg",
  create: () =>
    startEmscripten(
      createModule as unknown as EmscriptenFactory<MozjpegModule>,
      mozjpegModule,
      "C",
    ),
};

const INITIAL_BYTES = 16_973_824;
const MAX_PIXELS = 512 * 512;

/** WASM memory a pixel, as measured with noise: the output and its doubling buffer are most of it. */
const BYTES_PER_PIXEL = { gray: 28, "4:2:0": 25, "4:4:4": 74 } as const;
const RGBA_BYTES = 4;

function planInstance({ width, height, channels }: PictureInfo, options: EncodeOptions) {
  const perPixel = BYTES_PER_PIXEL[chooseSampling(channels, options)];
  return Math.max(INITIAL_BYTES, width * height * perPixel);
}

export function planMozjpeg(picture: PictureInfo, options: EncodeOptions): number {
  return planInstance(picture, options) + picture.width * picture.height * RGBA_BYTES;
}

/** Whether asking it is worth its time. */
export function isForMozjpeg({ width, height }: PictureInfo): boolean {
  return width * height <= MAX_PIXELS;
}

const COLOUR_SPACES = { gray: 1, ycbcr: 3 } as const;
/** mozjpeg's own start: SOI and JFIF. */
const START_BYTES = 20;

/** A place for the pixels that `encodeMozjpeg` takes. */
export function allocateRgba({ width, height }: PictureInfo, workspace: Workspace): Uint8Array {
  return workspace.allocate(width * height * RGBA_BYTES);
}

/** Passes strips on, and copies their pixels into `rgba`. */
export async function* copyStrips(picture: Picture, rgba: Uint8Array): AsyncGenerator<Strip> {
  const { width, channels } = picture;
  for await (const strip of picture.strips) {
    const { y, data } = strip;
    let target = y * width * RGBA_BYTES;
    for (let source = 0; source < data.length; source += channels) {
      rgba[target++] = data[source] ?? 0;
      rgba[target++] = data[channels === 1 ? source : source + 1] ?? 0;
      rgba[target++] = data[channels === 1 ? source : source + 2] ?? 0;
      rgba[target++] = 255;
    }
    yield strip;
  }
}

/** @throws AppError internal */
export async function encodeMozjpeg(
  picture: PictureInfo,
  rgba: Uint8Array,
  options: EncodeOptions,
  workspace: Workspace,
): Promise<Uint8Array[]> {
  const mozjpeg = await workspace.take(MOZJPEG, planInstance(picture, options));
  const sampling = chooseSampling(picture.channels, options);
  const file = compress(mozjpeg.api, rgba, picture, {
    quality: options.quality,
    baseline: false,
    arithmetic: false,
    progressive: true,
    optimize_coding: true,
    smoothing: 0,
    color_space: sampling === "gray" ? COLOUR_SPACES.gray : COLOUR_SPACES.ycbcr,
    quant_table: 3,
    trellis_multipass: false,
    trellis_opt_zero: false,
    trellis_opt_table: false,
    trellis_loops: 1,
    auto_subsample: false,
    chroma_subsample: sampling === "4:2:0" ? 2 : 1,
    separate_chroma_quality: false,
    chroma_quality: options.quality,
  });
  return [writeStart(options.metadata), file.slice(START_BYTES)];
}

function compress(
  mozjpeg: MozjpegModule,
  rgba: Uint8Array,
  { width, height }: PictureInfo,
  options: object,
): Uint8Array {
  try {
    return mozjpeg.encode(rgba, width, height, options);
  } catch (cause) {
    throw new AppError("internal", "The JPEG file could not be written.", {}, { cause });
  }
}
