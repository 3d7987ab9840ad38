/**
 * A picture as SVG: areas of one colour. It is looked at in at most MAX_PIXELS pixels, and drawn at
 * its own size. Transparency is traced as a picture of its own, which masks the colours.
 * docs/decisions/0010-own-tracing.md tells why this way.
 */
import { createGrayToSrgb } from "../../colour/profile.ts";
import { openRgbToSrgb, rgbToSrgbBytes } from "../../colour/rgb.ts";
import { AppError } from "../../errors.ts";
import { resample, resampleBytes, type Resampling } from "../../kernels/resampler.ts";
import type { Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import type { Bitmap } from "./trace/regions.ts";
import { traceBitmap, tracingBytes } from "./trace/trace.ts";
import { fillUnseen } from "./trace/unseen.ts";

/** 640 × 480 among them. */
const MAX_PIXELS = 310_000;

/** So many pixels are written as they are, from this quality on. */
const ICON_PIXELS = 64 * 64;
const EXACT_FROM = 50;

/** Upper bound, in bytes. */
export function encodeMemory(picture: PictureInfo): number {
  const size = sizeWithin(picture, MAX_PIXELS);
  return (
    size.width * size.height * (picture.channels + 1) +
    resampleBytes(resampling(picture, size)) +
    rgbToSrgbBytes(picture.icc) +
    tracingBytes(size)
  );
}

export async function* encodeSvg(
  picture: Picture,
  { quality }: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const size = sizeWithin(picture, MAX_PIXELS);
  const { colours, alpha } = await gather(picture, size, workspace);
  const text = new TextEncoder();
  yield text.encode(writeHead(picture, size));
  const isIcon = size.width * size.height <= ICON_PIXELS && quality >= EXACT_FROM;
  const allowed = isIcon ? 0 : errorAt(quality) / (alpha ? 2 : 1);
  async function* trace(bitmap: Bitmap): AsyncGenerator<Uint8Array, void, undefined> {
    const mark = workspace.mark();
    for await (const part of traceBitmap(bitmap, allowed, workspace)) yield text.encode(part);
    workspace.rewind(mark);
  }
  if (alpha) {
    yield text.encode('<mask id="a" maskUnits="userSpaceOnUse">');
    yield* trace({ ...size, values: alpha, channels: 1, weights: null });
    yield text.encode('</mask><g mask="url(#a)">');
  }
  yield* trace(colours);
  yield text.encode(alpha ? "</g></svg>\n" : "</svg>\n");
}

/** Mean squared difference of values that a quality allows: from 22 dB PSNR to 31. */
const errorAt = (quality: number): number => 255 ** 2 / 10 ** (2.2 + 0.009 * quality);

/** The largest size up to its own. */
function sizeWithin({ width, height }: Size, maxPixels: number): Size {
  const ratio = Math.min(1, Math.sqrt(maxPixels / (width * height)));
  const side = (length: number) => Math.max(1, Math.floor(length * ratio));
  return { width: side(width), height: side(height) };
}

const resampling = ({ width, height, channels }: PictureInfo, full: Size): Resampling => ({
  ...{ channels, filter: "catmull-rom", part: null, full, light: null },
  input: { width, height },
  extent: { width, height },
  window: { x: 0, y: 0, ...full },
});

/** The picture in the size, in sRGB; its transparency apart, null where there is none. */
async function gather(
  picture: Picture,
  size: Size,
  workspace: Workspace,
): Promise<{ colours: Bitmap; alpha: Uint8Array | null }> {
  const { channels } = picture;
  const pixels = size.width * size.height;
  const colourChannels = channels === 1 ? 1 : 3;
  const values = workspace.allocate(pixels * colourChannels);
  const alpha = channels === 4 ? workspace.allocate(pixels) : null;
  const isSame = picture.width === size.width && picture.height === size.height;
  let count = 0;
  for await (const { data } of isSame
    ? picture.strips
    : resample(picture.strips, resampling(picture, size), workspace)) {
    if (alpha) split(data, values, alpha, count);
    else values.set(data, count * channels);
    count += data.length / channels;
  }
  if (count !== pixels) throw new AppError("internal", "The picture ended before its last row.");
  await convertToSrgb(picture, values, workspace);
  const weights = alpha?.some((value) => value < 255) ? alpha : null;
  const colours: Bitmap = { ...size, values, channels: colourChannels, weights };
  if (weights) fillUnseen(colours, workspace.allocate(pixels));
  return { colours, alpha: weights };
}

function split(rgba: Uint8Array, values: Uint8Array, alpha: Uint8Array, first: number): void {
  for (let from = 0, p = first; from < rgba.length; from += 4, p++) {
    for (let c = 0; c < 3; c++) values[p * 3 + c] = rgba[from + c] as number;
    alpha[p] = rgba[from + 3] as number;
  }
}

async function convertToSrgb(
  { icc, channels }: PictureInfo,
  values: Uint8Array,
  workspace: Workspace,
): Promise<void> {
  if (channels !== 1) return (await openRgbToSrgb(icc, workspace))?.(values, values.length / 3, 3);
  const table = icc && createGrayToSrgb(icc);
  if (!table) return;
  for (let p = 0; p < values.length; p++) values[p] = table[values[p] as number] as number;
}

/** Of the picture's size, in the pixels that were traced. */
const writeHead = ({ width, height }: Size, traced: Size): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${traced.width} ${traced.height}" preserveAspectRatio="none">\n`;
