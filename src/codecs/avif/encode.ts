/**
 * AV1 tiles by libaom, as @jsquash/avif 2.1.1 compiles it with libavif: each becomes a small AVIF
 * file of its own, out of which its coded data are taken.
 */
import createModule from "@jsquash/avif/codec/enc/avif_enc.js";
import libavifModule from "@jsquash/avif/codec/enc/avif_enc.wasm";
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { InstanceKind, Workspace } from "../../pipeline/memory.ts";
import {
  FULL_CHROMA_QUALITY,
  keepsChroma,
  type Effort,
  type EncodeOptions,
  type Encoder,
} from "../codec.ts";
import { startEmscripten, type EmscriptenFactory, type EmscriptenInstance } from "../emscripten.ts";
import { readCoded } from "../isobmff/single.ts";
import {
  encodeTiles,
  tileEncoderMemory,
  type EncodeTile,
  type TileEncoder,
} from "../isobmff/tile-encode.ts";
import { readSequenceHeaders } from "./sequence-header.ts";

interface Libavif {
  encode(rgba: Uint8Array, width: number, height: number, options: object): Uint8Array | null;
}

const LIBAVIF: InstanceKind<EmscriptenInstance<Libavif>> = {
  name: "@jsquash/avif encoder",
  create: () =>
    startEmscripten(createModule as unknown as EmscriptenFactory<Libavif>, libavifModule, "P"),
};

/** libaom's speeds; 7 and less take three times as long as 8 for a hundredth of the size. */
const SPEEDS: Readonly<Record<Effort, number>> = { fast: 9, default: 8, max: 6 };

const FIXED_OPTIONS = {
  ...{ qualityAlpha: -1, denoiseLevel: 0, tileColsLog2: 0, tileRowsLog2: 0, sharpness: 0, tune: 0 },
  ...{ chromaDeltaQ: false, enableSharpYUV: false, bitDepth: 8, lossless: false },
} as const;

const MONO = 0;
const HALF_CHROMA = 1;
const FULL_CHROMA = 3;

async function start(
  workspace: Workspace,
  bytes: number,
  options: EncodeOptions,
): Promise<EncodeTile> {
  const { quality, effort } = options;
  const libavif = await workspace.take(LIBAVIF, bytes);
  libavif.limitBytes = bytes;
  const full = keepsChroma(options);
  return (rgba, width, height, mono) => {
    const subsample = mono ? MONO : full ? FULL_CHROMA : HALF_CHROMA;
    const settings = { ...FIXED_OPTIONS, quality, speed: SPEEDS[effort], subsample };
    const file = libavif.api.encode(rgba, width, height, settings);
    if (!file) throw new AppError("internal", "The AVIF encoder refused the picture.");
    const { data, configuration } = readCoded(file);
    const [header] = readSequenceHeaders(data);
    if (!header) throw new AppError("internal", "The AVIF encoder wrote no header.");
    return { data, configuration, coding: header.coding };
  };
}

/** Measured: libaom's own, and what it takes a pixel, more where chroma keeps its resolution. */
const BASE_BYTES = 17 * MIB;
const PIXEL_BYTES = 26;
const FULL_CHROMA_PIXEL_BYTES = 54;

const AV1_TILES: TileEncoder = {
  brands: ["avif", "mif1", "miaf"],
  codec: { item: "av01", configuration: "av1C" },
  step: 2,
  exact: false,
  maxPixels: 1_100_000,
  memory: (pixels) => Math.ceil(BASE_BYTES + pixels * PIXEL_BYTES),
  rate: (options) => {
    const bytes = 0.1 + 0.4 * (options.quality / 100) ** 2;
    if (options.quality >= FULL_CHROMA_QUALITY) return bytes + 1;
    return keepsChroma(options) ? 1.5 * bytes : bytes;
  },
  start,
};

const FULL_CHROMA_TILES: TileEncoder = {
  ...AV1_TILES,
  maxPixels: 550_000,
  memory: (pixels) => Math.ceil(BASE_BYTES + pixels * FULL_CHROMA_PIXEL_BYTES),
};

const tilesAt = (options: EncodeOptions): TileEncoder =>
  keepsChroma(options) ? FULL_CHROMA_TILES : AV1_TILES;

export const avifEncoder: Encoder = {
  memory: (picture, options) => tileEncoderMemory(picture, tilesAt(options), options),
  encode: (picture, options, workspace) =>
    encodeTiles(picture, tilesAt(options), options, workspace),
};
