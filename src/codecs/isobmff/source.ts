/** A HEIF file (AVIF, HEIC) as a source: each of its pictures is a page. */
import type { ReadableFormat } from "../../formats.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { PictureInfo, Source } from "../../pipeline/picture.ts";
import { codedProfile } from "./coded-profile.ts";
import { cropStrips, cropMemory } from "./crop.ts";
import { unsupported } from "./failures.ts";
import { readFile } from "./file.ts";
import { listImages, readImage } from "./images.ts";
import { itemBytes } from "./item-data.ts";
import type { Meta } from "./meta.ts";
import { channelsOf, decodeTiles, tilesMemory, type PieceDecoder } from "./tiles.ts";

/** By the type of the items they decode. */
export type PieceDecoders = Readonly<Record<string, PieceDecoder>>;

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openHeif(
  file: ByteSource,
  format: ReadableFormat,
  decoders: PieceDecoders,
): Promise<Source> {
  const meta = await readFile(file);
  // A file of which a part is missing is refused, whichever part that is.
  for (const item of meta.items.values()) itemBytes(file, meta, item);
  const pages = listImages(meta);
  return await openPage(file, format, decoders, meta, pages, 0);
}

async function openPage(
  file: ByteSource,
  format: ReadableFormat,
  decoders: PieceDecoders,
  meta: Meta,
  pages: readonly number[],
  index: number,
): Promise<Source> {
  const image = await readImage(file, meta, pages[index] ?? -1);
  const { codec = "", configuration = new Uint8Array(0) } = image.colour.pieces[0] ?? {};
  const decoder = decoders[codec];
  if (!decoder) throw unsupported(codec, `Pictures coded as "${codec}" cannot be read here.`);
  const samples = decoder.describe(configuration);
  const tiled = { file, meta, image, decoder, samples };
  const { window, orientation, warnings } = image;
  const profile = codedProfile(image.coding);
  const metadata = { ...image.metadata, icc: image.metadata.icc ?? profile.icc };
  const info: PictureInfo = {
    width: window.width,
    height: window.height,
    channels: channelsOf(tiled),
    icc: metadata.icc,
  };
  return {
    format,
    ...info,
    depth: samples.bits,
    orientation,
    metadata,
    frames: 1,
    pages: pages.length,
    warnings: [...warnings, ...profile.warnings],
    scales: [1],
    memory: () => tilesMemory(tiled) + cropMemory(image.colour, info),
    page: (other) => openPage(file, format, decoders, meta, pages, other),
    picture: (_plan, workspace) => {
      const strips = decodeTiles(tiled, workspace);
      const cropped = cropStrips(strips, image.colour, window, info.channels, workspace);
      return Promise.resolve({ ...info, strips: cropped });
    },
  };
}
