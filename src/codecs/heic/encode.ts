/** Strips to HEIC: tiles by kvazaar, each out of a file of its own. */
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { EncodeOptions, Encoder } from "../codec.ts";
import type { CodingColour } from "../isobmff/properties.ts";
import { readCoded } from "../isobmff/single.ts";
import {
  encodeTiles,
  tileEncoderMemory,
  type EncodeTile,
  type TileEncoder,
} from "../isobmff/tile-encode.ts";
import { KVAZAAR } from "./kvazaar.ts";

/** What libheif makes of RGB where nothing else is asked for. */
const CODING: CodingColour = { primaries: 1, transfer: 13, matrix: 6, fullRange: true };

/** kvazaar's qualities above 80 cost twice the bytes for a decibel. */
const QUALITY_FACTOR = 0.8;

async function start(
  workspace: Workspace,
  bytes: number,
  { quality }: EncodeOptions,
): Promise<EncodeTile> {
  const kvazaar = await workspace.take(KVAZAAR, bytes);
  kvazaar.limitBytes = bytes;
  return (rgba, width, height, mono) => {
    // Its files have alpha as a picture of one channel, beside the colours, which are black then.
    if (mono) moveToAlpha(rgba);
    const file = kvazaar.encode(rgba, width, height, Math.round(quality * QUALITY_FACTOR));
    if (!file) throw new AppError("internal", "The HEIC encoder refused the picture.");
    return { ...readCoded(file, mono ? "alpha" : "primary"), coding: CODING };
  };
}

/** Opaque gray to black with gray's opacity. */
function moveToAlpha(rgba: Uint8Array): void {
  const words = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length / 4);
  for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) << 24;
}

/** Measured: kvazaar's own, and what it takes a pixel, with the file and the pixels. */
const BASE_BYTES = 8 * MIB;
const PIXEL_BYTES = 24;

const HEVC_TILES: TileEncoder = {
  brands: ["heic", "mif1", "miaf"],
  codec: { item: "hvc1", configuration: "hvcC" },
  step: 64,
  exact: true,
  maxPixels: 1_100_000,
  memory: (pixels) => Math.ceil(BASE_BYTES + pixels * PIXEL_BYTES),
  rate: ({ quality }) => 0.15 + 0.6 * (quality / 100) ** 2,
  start,
};

export const heicEncoder: Encoder = {
  memory: (picture, options) => tileEncoderMemory(picture, HEVC_TILES, options),
  encode: (picture, options, workspace) => encodeTiles(picture, HEVC_TILES, options, workspace),
};
