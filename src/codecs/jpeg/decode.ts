/**
 * JPEG to strips: by our own kernel; of what that does not read (sampling factors that do not divide
 * each other), libjpeg-turbo decodes the whole picture, scaled down if wanted, in its memory.
 */
import { CMYK_BYTES, startCmykToSrgb } from "../../colour/cmyk.ts";
import { readOrientation } from "../../metadata/exif.ts";
import type { CmykToSrgb } from "../../kernels/cmyk.ts";
import { ENGINE } from "../../kernels/engine.ts";
import { MAX_SCANS } from "../../kernels/jpeg-decode-geometry.ts";
import { readAll, type ByteSource } from "../../pipeline/bytes.ts";
import type { Rect, Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import {
  STRIP_ROWS,
  type DecodePlan,
  type Picture,
  type Source,
  type Strip,
  type Warning,
} from "../../pipeline/picture.ts";
import { invalid, truncated } from "./failures.ts";
import { readHeader, type JpegHeader } from "./header.ts";
import { countScans } from "./scans.ts";
import { canStream, decodeStream, planStream, type Decoded, type Opened } from "./stream.ts";
import { decompress, TURBO, TURBO_BASE_BYTES } from "./turbo.ts";

const SCALES = [1, 2, 4, 8] as const;
const BLOCK_BYTES = 64 * 2;
/** What libjpeg-turbo takes besides the coefficients, as measured: tables, row buffers, page ends. */
const FIXED_BYTES = 320 * 1024;
const ROW_BYTES_PER_COLUMN = 16;
/** Of four rows of blocks, 16 at least. */
const MAX_STRIP_ROWS = 32;

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openJpeg(bytes: ByteSource): Promise<Source> {
  const header = await readHeader(bytes);
  const cmyk = header.components.length === 4;
  const metadata = { ...header.metadata, icc: cmyk ? null : header.metadata.icc };
  const warnings: Warning[] = [...header.warnings];
  return {
    format: "jpg",
    width: header.width,
    height: header.height,
    channels: header.components.length === 1 ? 1 : 3,
    icc: metadata.icc,
    depth: 8,
    orientation: metadata.exif ? readOrientation(metadata.exif) : 1,
    metadata,
    frames: 1,
    pages: 1,
    warnings,
    scales: SCALES,
    regions: true,
    memory: (plan) => planDecode(header, bytes.size, plan),
    picture: async (plan, workspace) => {
      const decode = canStream(header, plan) ? decodeByRows : decodeWhole;
      const decoded = await decode({ bytes, header, warnings }, plan, workspace);
      return toPicture(decoded, header, workspace);
    },
  };
}

/** What is delivered. */
const sizeOf = (header: JpegHeader, plan: DecodePlan): Size => plan.region ?? scaled(header, plan);

function scaled(header: JpegHeader, { scale }: DecodePlan): Size {
  return { width: Math.ceil(header.width / scale), height: Math.ceil(header.height / scale) };
}

/** libjpeg-turbo's memory: file, pixels and, where scans build on each other, all coefficients. */
function planTurbo(header: JpegHeader, fileBytes: number, plan: DecodePlan): number {
  const { width, height } = scaled(header, plan);
  const channels = header.components.length;
  const rows = ROW_BYTES_PER_COLUMN * channels * header.width;
  const coefficients = header.multipleScans ? countBlocks(header) * BLOCK_BYTES : 0;
  const pixels = width * height * channels;
  return TURBO_BASE_BYTES + FIXED_BYTES + rows + fileBytes + pixels + coefficients;
}

function planDecode(header: JpegHeader, fileBytes: number, plan: DecodePlan): number {
  const cmyk = header.components.length === 4;
  const rgb = cmyk ? sizeOf(header, plan).width * MAX_STRIP_ROWS * 3 + CMYK_BYTES : 0;
  const decode = canStream(header, plan) ? planStream : planTurbo;
  return decode(header, fileBytes, plan) + rgb;
}

/** Blocks of all components, MCUs at the edges being whole. */
function countBlocks({ width, height, components }: JpegHeader): number {
  const columns = Math.max(...components.map(({ horizontal }) => horizontal));
  const rows = Math.max(...components.map(({ vertical }) => vertical));
  const mcus = Math.ceil(width / (8 * columns)) * Math.ceil(height / (8 * rows));
  return (
    components.reduce((sum, { horizontal, vertical }) => sum + horizontal * vertical, 0) * mcus
  );
}

async function decodeByRows(
  opened: Opened,
  plan: DecodePlan,
  workspace: Workspace,
): Promise<Decoded> {
  const engine = await workspace.take(ENGINE, planStream(opened.header, opened.bytes.size, plan));
  return await decodeStream(opened, plan, engine);
}

async function decodeWhole(
  { bytes, header, warnings }: Opened,
  plan: DecodePlan,
  workspace: Workspace,
): Promise<Decoded> {
  const turbo = await workspace.take(TURBO, planTurbo(header, bytes.size, plan));
  const pointer = turbo.allocate(bytes.size);
  await readAll(bytes, (offset, chunk) => turbo.heap.set(chunk, pointer + offset));
  checkScans(turbo.heap.subarray(pointer, pointer + bytes.size));

  const { width, height } = scaled(header, plan);
  const bytesPerPixel = header.components.length as 1 | 3 | 4;
  const input = { pointer, bytes: bytes.size };
  const { output, warning } = decompress(turbo, { input, width, height, bytesPerPixel });
  if (warning) warnings.push(warning);

  const pixels = new Uint8Array(turbo.memory.buffer, output, width * height * bytesPerPixel);
  if (bytesPerPixel === 4 && header.adobe) invert(pixels);
  const size = sizeOf(header, plan);
  if (plan.region) cut(pixels, width * bytesPerPixel, plan.region, bytesPerPixel);
  const strips = sliceStrips(pixels, size.width * bytesPerPixel, size.height);
  return {
    width: size.width,
    height: size.height,
    channels: bytesPerPixel,
    stripRows: STRIP_ROWS,
    strips,
  };
}

/** Moves the region's rows to the front, packed. */
function cut(pixels: Uint8Array, rowBytes: number, region: Rect, bytesPerPixel: number): void {
  const bytes = region.width * bytesPerPixel;
  for (let row = 0; row < region.height; row++) {
    const from = (region.y + row) * rowBytes + region.x * bytesPerPixel;
    pixels.copyWithin(row * bytes, from, from + bytes);
  }
}

/** Adobe stores how much light is left, not how much ink there is. */
function invert(inks: Uint8Array): void {
  for (let i = 0; i < inks.length; i++) inks[i] = (inks[i] ?? 0) ^ 0xff;
}

/** A file that breaks off is refused whatever libjpeg makes of it. */
function checkScans(file: Uint8Array): void {
  const { count, complete } = countScans(file);
  if (!complete) throw truncated();
  if (count > MAX_SCANS) throw invalid(`The JPEG file has ${count} scans.`);
}

async function* sliceStrips(
  pixels: Uint8Array,
  rowBytes: number,
  height: number,
): AsyncGenerator<Strip> {
  for (let y = 0; y < height; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - y);
    yield { y, rows, data: pixels.subarray(y * rowBytes, (y + rows) * rowBytes) };
  }
}

async function toPicture(
  { width, height, channels, stripRows, strips }: Decoded,
  { metadata }: JpegHeader,
  workspace: Workspace,
): Promise<Picture> {
  if (channels !== 4) return { width, height, channels, icc: metadata.icc, strips };
  const rgb = workspace.allocate(width * stripRows * 3);
  const toSrgb = await startCmykToSrgb(metadata.icc, workspace);
  const colours = convertCmyk(strips, width, toSrgb, rgb);
  return { width, height, channels: 3, icc: null, strips: colours };
}

async function* convertCmyk(
  strips: AsyncIterable<Strip>,
  width: number,
  toSrgb: CmykToSrgb,
  rgb: Uint8Array,
): AsyncGenerator<Strip> {
  for await (const { y, rows, data } of strips) {
    toSrgb(data, rgb, rows * width);
    yield { y, rows, data: rgb.subarray(0, rows * width * 3) };
  }
}
