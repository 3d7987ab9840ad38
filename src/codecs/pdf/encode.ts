/** Pictures as pages of a PDF: JPEG inside, or deflated without loss, transparency as a mask. */
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions, Page } from "../codec.ts";
import { JPEG } from "../jpeg/codec.ts";
import { deflateMemory, deflateRows } from "../png/deflate-rows.ts";
import { jpegParts } from "./embed.ts";
import { softMaskMemory, splitMask } from "./soft-mask.ts";
import { writePdf, type PdfParts } from "./write.ts";

const NO_METADATA = { icc: null, exif: null, xmp: null };

const inside = (options: EncodeOptions): EncodeOptions => ({ ...options, metadata: NO_METADATA });

const opaque = ({ width, height, channels, icc }: PictureInfo): PictureInfo => ({
  ...{ width, height, icc },
  channels: channels === 1 ? 1 : 3,
});

/** Upper bound, in bytes. */
export function encodeMemory(picture: PictureInfo, options: EncodeOptions): number {
  const colours = options.lossless
    ? deflateMemory(opaque(picture), options.effort)
    : JPEG.encoder.memory(opaque(picture), inside(options));
  return colours + (picture.channels === 4 ? softMaskMemory(picture) : 0);
}

export async function* encodePdf(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* writePdf([encodeParts(picture, options, workspace)]);
}

/** JPEGs that need no change are passed through. */
export async function* encodePages(
  pages: AsyncIterable<Page>,
): AsyncGenerator<Uint8Array, void, undefined> {
  async function* parts(): AsyncGenerator<PdfParts, void, undefined> {
    for await (const { picture, options, workspace, original } of pages) {
      const passed = original && (await jpegParts(original.bytes, original.source, options));
      yield passed ?? encodeParts(picture, options, workspace);
    }
  }
  yield* writePdf(parts());
}

function encodeParts(picture: Picture, options: EncodeOptions, workspace: Workspace): PdfParts {
  const mask = picture.channels === 4 ? splitMask(picture, workspace) : null;
  const colours = mask?.colours ?? picture;
  const { width, channels } = colours;
  const data = options.lossless
    ? deflateRows(colours, options.effort, "samples", workspace)
    : JPEG.encoder.encode(colours, inside(options), workspace);
  const filter = options.lossless
    ? `/Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors ${channels} /BitsPerComponent 8 /Columns ${width} >>`
    : "/Filter /DCTDecode";
  return {
    ...{ picture: colours, orientation: 1, options, filter, data },
    ...(mask && { mask: mask.deflated }),
  };
}
