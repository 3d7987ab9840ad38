/** A PSD's composite → rows. Layers are not looked at: the composite is what they look like together. */
import { CMYK_BYTES, startCmykToSrgb } from "../../colour/cmyk.ts";
import { createGrayToSrgb } from "../../colour/profile.ts";
import { readOrientation } from "../../metadata/exif.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Channels, type Source, type Strip } from "../../pipeline/picture.ts";
import { REDUCED_TO_8_BIT } from "../reduced-to-8-bit.ts";
import { COLOUR_CHANNELS, MODES, readHeader, type PsdHeader } from "./header.ts";
import { openPlanes, planesBytes, storedRowBytes, type ReadRows } from "./planes.ts";

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openPsd(bytes: ByteSource): Promise<Source> {
  const header = await readHeader(bytes);
  const { width, height, bits, mode, hasAlpha, metadata } = header;
  const channels = channelsOf(header);
  // A profile for inks or grays means nothing to the RGB that is delivered.
  const isConverted =
    mode === MODES.cmyk || mode === MODES.duotone || (hasAlpha && COLOUR_CHANNELS[mode] === 1);
  const icc = isConverted ? null : metadata.icc;
  const planes = countPlanes(header);
  return {
    format: "psd",
    ...{ width, height, channels, icc, depth: bits },
    orientation: metadata.exif ? readOrientation(metadata.exif) : 1,
    metadata: { ...metadata, icc },
    ...{ frames: 1, pages: 1, warnings: bits === 16 ? [REDUCED_TO_8_BIT] : [], scales: [1] },
    memory: () => planesBytes(header, planes) + buffersBytes(header),
    async picture(_plan, workspace) {
      const readers = await openPlanes(bytes, header, planes, workspace);
      return { width, height, channels, icc, strips: decode(header, readers, workspace) };
    },
  };
}

function channelsOf({ mode, hasAlpha }: PsdHeader): Channels {
  if (hasAlpha) return 4;
  return COLOUR_CHANNELS[mode] === 1 && mode !== MODES.indexed ? 1 : 3;
}

const countPlanes = ({ mode, hasAlpha }: PsdHeader): number =>
  COLOUR_CHANNELS[mode] + (hasAlpha ? 1 : 0);

const buffersBytes = (header: PsdHeader): number =>
  STRIP_ROWS *
    (storedRowBytes(header) + header.width * (countPlanes(header) + channelsOf(header))) +
  (header.mode === MODES.cmyk ? CMYK_BYTES + header.width * STRIP_ROWS * 7 : 0);

async function* decode(
  header: PsdHeader,
  readers: readonly ReadRows[],
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { width, height, hasAlpha, isOnWhite } = header;
  const channels = channelsOf(header);
  const rowBytes = storedRowBytes(header);
  const stored = workspace.allocate(rowBytes * STRIP_ROWS);
  const samples = workspace.allocate(width * STRIP_ROWS * readers.length);
  const target = workspace.allocate(width * STRIP_ROWS * channels);
  const convert = await createConvert(header, channels, workspace);
  const unpack = UNPACKS[header.bits];
  for (let y = 0; y < height; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - y);
    for (const [plane, readRows] of readers.entries()) {
      await readRows(stored.subarray(0, rows * rowBytes));
      for (let row = 0; row < rows; row++) {
        const part = stored.subarray(row * rowBytes, (row + 1) * rowBytes);
        unpack(part, samples, row * width * readers.length + plane, readers.length, width);
      }
    }
    const pixels = rows * width;
    convert(samples, target, pixels);
    if (hasAlpha) setAlpha(samples, target, pixels, readers.length, isOnWhite);
    yield { y, rows, data: target.subarray(0, pixels * channels) };
  }
}

type Unpack = (
  row: Uint8Array,
  target: Uint8Array,
  start: number,
  stride: number,
  width: number,
) => void;

/** A row's samples to one byte each, `stride` apart, by their bits. */
const UNPACKS: Readonly<Record<PsdHeader["bits"], Unpack>> = {
  1(row, target, start, stride, width) {
    for (let x = 0, to = start; x < width; x++, to += stride) {
      target[to] = ((row[x >> 3] as number) >> (7 - (x & 7))) & 1 ? 0 : 255; // 1 is black
    }
  },
  8(row, target, start, stride) {
    for (let x = 0, to = start; x < row.length; x++, to += stride) target[to] = row[x] as number;
  },
  16(row, target, start, stride) {
    for (let at = 0, to = start; at < row.length; at += 2, to += stride) {
      const value = ((row[at] as number) << 8) | (row[at + 1] as number);
      target[to] = (value * 255 + 32_895) >> 16; // the nearest, value * 255 / 65535
    }
  },
};

type Convert = (samples: Uint8Array, target: Uint8Array, pixels: number) => void;

/** The colour of each pixel; what there is of transparency is left to `setAlpha`. */
async function createConvert(
  header: PsdHeader,
  channels: Channels,
  workspace: Workspace,
): Promise<Convert> {
  const { mode, palette, metadata, width } = header;
  const planes = countPlanes(header);
  if (mode === MODES.cmyk) {
    const toSrgb = await startCmykToSrgb(metadata.icc, workspace);
    const inks = workspace.allocate(width * STRIP_ROWS * 4);
    const rgb = workspace.allocate(width * STRIP_ROWS * 3);
    return (samples, target, pixels) => {
      copyPixels(samples, planes, inks, 4, pixels);
      // Stored is the light that is left, not the ink.
      for (let i = 0; i < pixels * 4; i++) inks[i] = (inks[i] as number) ^ 255;
      toSrgb(inks, rgb, pixels);
      copyPixels(rgb, 3, target, channels, pixels);
    };
  }
  if (palette) {
    return (samples, target, pixels) => {
      for (let i = 0; i < pixels; i++) {
        const index = samples[i * planes] as number;
        for (let c = 0; c < 3; c++) {
          target[i * channels + c] = palette[c * 256 + index] as number;
        }
      }
    };
  }
  if (mode === MODES.rgb) {
    return (samples, target, pixels) => copyPixels(samples, planes, target, channels, pixels);
  }
  if (channels === 1) return (samples, target, pixels) => target.set(samples.subarray(0, pixels));
  const toSrgb = metadata.icc ? createGrayToSrgb(metadata.icc) : null;
  return (samples, target, pixels) => {
    for (let i = 0; i < pixels; i++) {
      const value = samples[i * planes] as number;
      target.fill(toSrgb?.[value] ?? value, i * channels, i * channels + 3);
    }
  };
}

/** The first samples of each pixel, as many as both sides have. */
function copyPixels(
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  to: number,
  pixels: number,
): void {
  const count = Math.min(from, to);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < count; c++) target[i * to + c] = source[i * from + c] as number;
  }
}

/** Of the last plane; colours that were put on white are what they were before. */
function setAlpha(
  samples: Uint8Array,
  target: Uint8Array,
  pixels: number,
  planes: number,
  isOnWhite: boolean,
): void {
  for (let i = 0, to = 0; i < pixels; i++, to += 4) {
    const alpha = samples[(i + 1) * planes - 1] as number;
    target[to + 3] = alpha;
    if (!isOnWhite || alpha === 255) continue;
    for (let c = to; c < to + 3; c++) {
      const value = (((target[c] as number) - 255 + alpha) * 255) / alpha;
      target[c] = alpha === 0 ? 255 : Math.max(0, Math.min(255, Math.round(value)));
    }
  }
}
