/** PNGs out of strips: with a palette where that is exact or asked for, else as they come. */
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { writeChunk } from "./chunks.ts";
import { deflateMemory, deflateRows, type RowKind } from "./deflate-rows.ts";
import { findPalette, packIndices, paletteMemory } from "./indexed.ts";
import { writeHead } from "./write-head.ts";

const IDAT_BYTES = 64 * 1024;

/** Upper bound, in bytes. */
export function encodeMemory(picture: PictureInfo, options: EncodeOptions): number {
  return truecolourMemory(picture, options) + paletteMemory(picture, options);
}

/** Upper bound, in bytes. */
export function truecolourMemory(picture: PictureInfo, { effort }: EncodeOptions): number {
  return deflateMemory(picture, effort) + 4 * IDAT_BYTES;
}

export async function* encodePng(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const strips = picture.strips[Symbol.asyncIterator]();
  try {
    const { indexed, rest } = await findPalette(picture, strips, options, workspace);
    if (!indexed) {
      yield* encodeTruecolour(rest, options, workspace);
      return;
    }
    const { metadata, effort } = options;
    const { palette } = indexed;
    yield writeHead(
      picture,
      { ...metadata, icc: palette.keepsProfile ? metadata.icc : null },
      palette,
    );
    yield* encodeRows(packIndices(picture, indexed), effort, "indices", workspace);
  } finally {
    await strips.return?.();
  }
}

/** Gray, RGB or RGBA, whatever the colours. */
export async function* encodeTruecolour(
  picture: Picture,
  { effort, metadata }: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield writeHead(picture, metadata, null);
  yield* encodeRows(picture, effort, "samples", workspace);
}

async function* encodeRows(
  picture: Picture,
  effort: EncodeOptions["effort"],
  kind: RowKind,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const data = createChunker((bytes) => writeChunk("IDAT", bytes));
  for await (const bytes of deflateRows(picture, effort, kind, workspace)) yield* data.add(bytes);
  yield* data.finish();
  yield writeChunk("IEND", new Uint8Array(0));
}

/** Collects a zlib stream into chunks of one size. @param write makes one of what was collected */
export function createChunker(write: (data: Uint8Array) => Uint8Array) {
  const buffer = new Uint8Array(IDAT_BYTES);
  let filled = 0;
  return {
    *add(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
      for (let at = 0; at < bytes.length;) {
        const part = bytes.subarray(at, at + IDAT_BYTES - filled);
        buffer.set(part, filled);
        at += part.length;
        filled += part.length;
        if (filled === IDAT_BYTES) yield* this.finish();
      }
    },
    *finish(): Generator<Uint8Array, void, undefined> {
      if (filled > 0) yield write(buffer.subarray(0, filled));
      filled = 0;
    },
  };
}
