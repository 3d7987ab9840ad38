/**
 * Icons. A picture of 256 pixels is a PNG, as everything since Windows Vista reads it and a bitmap
 * would be 270 KB; smaller ones are bitmaps with 32 bits and a mask, the only kind that every reader
 * of icons knows. Bitmaps have no place for a profile, so that colours become sRGB.
 */
import { openRgbToSrgb, rgbToSrgbBytes } from "../../colour/rgb.ts";
import { resample, resampleBytes, type Resampling } from "../../kernels/resampler.ts";
import type { Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo, Strip } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { concat } from "../concat.ts";
import { encodeTruecolour, truecolourMemory } from "../png/encode.ts";
import { dibBytes, encodeDib } from "./dib.ts";
import { MAX_SIDE, writeDirectory } from "./directory.ts";

/** A directory, what a PNG that does not get smaller has beside its pixels, and colours' tables. */
const OVERHEAD_BYTES = 64 * 1024;

/** Upper bound, in bytes. */
export function encodeMemory(picture: PictureInfo, options: EncodeOptions): number {
  const sizes = listSizes(picture, options);
  const files = sizes.reduce((sum, size) => sum + dibBytes(size), OVERHEAD_BYTES);
  const pixels = sizes.reduce((sum, size) => sum + pixelBytes(size), pixelBytes(picture));
  const smaller = sizes.filter((size) => !isSame(size, picture));
  const resampling = smaller.reduce(
    (sum, size) => sum + resampleBytes(resamplingTo(size, picture)),
    0,
  );
  const png = sizes.some(isPng) ? truecolourMemory(asRgba(picture), options) : 0;
  // The files are held apart, then in one piece.
  return pixels + resampling + png + 2 * files + rgbToSrgbBytes(picture.icc);
}

/** @param picture at most 256 pixels wide and high */
export async function* encodeIco(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const own = workspace.allocate(pixelBytes(picture));
  await collect(picture.strips, picture.channels, own);
  const toSrgb = await openRgbToSrgb(picture.icc, workspace);
  toSrgb?.(own, picture.width * picture.height, 4);
  const pictures: (Size & { file: Uint8Array })[] = [];
  for (const size of listSizes(picture, options)) {
    const rgba = isSame(size, picture) ? own : await shrink(own, picture, size, workspace);
    const file = isPng(size) ? await toPng(rgba, size, options, workspace) : encodeDib(rgba, size);
    pictures.push({ ...size, file });
  }
  const directory = writeDirectory(
    pictures.map(({ width, height, file }) => ({ width, height, bytes: file.length })),
  );
  yield concat([directory, ...pictures.map(({ file }) => file)]);
}

function listSizes({ width, height }: Size, { iconSizes }: EncodeOptions): Size[] {
  return iconSizes?.map((side) => ({ width: side, height: side })) ?? [{ width, height }];
}

const isPng = ({ width, height }: Size): boolean => Math.max(width, height) === MAX_SIDE;

const isSame = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;

const pixelBytes = ({ width, height }: Size): number => width * height * 4;

/** All kinds of picture in an icon are expected to have alpha. */
const asRgba = ({ width, height }: Size): PictureInfo => ({
  width,
  height,
  channels: 4,
  icc: null,
});

async function collect(
  strips: AsyncIterable<Strip>,
  channels: number,
  rgba: Uint8Array,
): Promise<void> {
  let to = 0;
  for await (const { data } of strips) {
    if (channels === 4) {
      rgba.set(data, to);
      to += data.length;
      continue;
    }
    for (let from = 0; from < data.length; from += channels, to += 4) {
      rgba[to] = data[from] ?? 0;
      rgba[to + 1] = data[from + 1] ?? 0;
      rgba[to + 2] = data[from + 2] ?? 0;
      rgba[to + 3] = 255;
    }
  }
}

function resamplingTo(size: Size, { width, height }: Size): Resampling {
  return {
    channels: 4,
    // Averages: sharper filters leave a faint rim on transparent pixels.
    filter: "box",
    input: { width, height },
    full: size,
    window: { x: 0, y: 0, ...size },
  };
}

async function shrink(
  rgba: Uint8Array,
  from: Size,
  to: Size,
  workspace: Workspace,
): Promise<Uint8Array> {
  const small = workspace.allocate(pixelBytes(to));
  const strips = resample(wholeAsStrips(rgba, from), resamplingTo(to, from), workspace);
  for await (const { y, data } of strips) small.set(data, y * to.width * 4);
  return small;
}

async function toPng(
  rgba: Uint8Array,
  size: Size,
  options: EncodeOptions,
  workspace: Workspace,
): Promise<Uint8Array> {
  const picture: Picture = { ...asRgba(size), strips: wholeAsStrips(rgba, size) };
  const plain = { ...options, metadata: { icc: null, exif: null, xmp: null } };
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeTruecolour(picture, plain, workspace)) chunks.push(chunk);
  return concat(chunks);
}

async function* wholeAsStrips(data: Uint8Array, { height }: Size): AsyncGenerator<Strip> {
  yield { y: 0, rows: height, data };
}
