import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture } from "../../pipeline/picture.ts";
import type { Codec, EncodeOptions, Encoder } from "../codec.ts";
import { openJpeg } from "./decode.ts";
import { encodeBaseline, planBaseline } from "./encode.ts";
import { allocateRgba, copyStrips, encodeMozjpeg, isForMozjpeg, planMozjpeg } from "./mozjpeg.ts";
import { encodeSmallest, planSmallest } from "./smallest.ts";

const encoder: Encoder = {
  memory(picture, options) {
    if (options.effort !== "max") return planBaseline(picture, options);
    const second = isForMozjpeg(picture) ? planMozjpeg(picture, options) : 0;
    return planSmallest(picture, options) + second;
  },
  encode(picture, options, workspace) {
    if (options.effort !== "max") return encodeBaseline(picture, options, workspace);
    const encode = isForMozjpeg(picture) ? encodeTwice : encodeSmallest;
    return encode(picture, options, workspace);
  },
};

/** By our encoder and by mozjpeg, at the same settings: the smaller file. */
async function* encodeTwice(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array> {
  const rgba = allocateRgba(picture, workspace);
  const copied = { ...picture, strips: copyStrips(picture, rgba) };
  const ours: Uint8Array[] = [];
  for await (const chunk of encodeSmallest(copied, options, workspace)) ours.push(chunk);
  const theirs = await encodeMozjpeg(picture, rgba, options, workspace);
  workspace.free(rgba);
  yield* countBytes(ours) <= countBytes(theirs) ? ours : theirs;
}

const countBytes = (chunks: readonly Uint8Array[]): number =>
  chunks.reduce((sum, { length }) => sum + length, 0);

export const JPEG: Codec = { open: openJpeg, encoder };
