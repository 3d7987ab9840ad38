/** HEVC pictures of HEIC files, decoded by libde265. */
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { damaged } from "../isobmff/failures.ts";
import type { DecodePiece, PieceDecoder, SampleLayout } from "../isobmff/tiles.ts";
import { readConfiguration, splitUnits } from "./configuration.ts";
import { decodePicture, LIBDE265, type DecodedPicture } from "./libde265.ts";

/** Measured: an instance that has decoded nothing, and what it has room for. */
const BASE_BYTES = 17 * MIB;
const FREE_BYTES = 12 * MIB;
/** What it knows of a pixel beside its samples: of transforms, predictions and filters. */
const STATE_PIXEL_BYTES = 1;
/** Planes' samples a pixel. */
const SAMPLES: Readonly<Record<SampleLayout["chroma"], number>> = {
  0: 1,
  420: 1.5,
  422: 2,
  444: 3,
};

function memory(width: number, height: number, { bits, chroma }: SampleLayout): number {
  const pixels = Math.ceil(width / 64) * Math.ceil(height / 64) * 64 * 64;
  const need = pixels * (SAMPLES[chroma] * (bits > 8 ? 2 : 1) + STATE_PIXEL_BYTES);
  return Math.ceil(BASE_BYTES + Math.max(0, need - FREE_BYTES));
}

async function start(workspace: Workspace, bytes: number): Promise<DecodePiece> {
  const instance = await workspace.take(LIBDE265, bytes);
  instance.limitBytes = bytes;
  let last: DecodedPicture | null = null;
  return (piece, data, declared) => {
    last?.free();
    const { before, lengthBytes, samples } = readConfiguration(piece.configuration);
    last = decodePicture(instance, [...before, ...splitUnits(data, lengthBytes)]);
    if (!last || last.planes.bits !== samples.bits) throw damaged("The HEVC data are damaged.");
    return Promise.resolve({ planes: last.planes, coding: declared ?? last.coding });
  };
}

export const HEVC: PieceDecoder = {
  describe: (configuration) => readConfiguration(configuration).samples,
  memory,
  start,
};
