/** A HEIF file (AVIF, HEIC) as a source: each of its pictures is a page, those of a sequence are frames. */
import type { ReadableFormat } from "../../formats.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { PictureInfo, Source } from "../../pipeline/picture.ts";
import { toAnimation } from "./animate.ts";
import { codedProfile } from "./coded-profile.ts";
import { cropStrips, cropMemory } from "./crop.ts";
import { damaged, unsupported } from "./failures.ts";
import { readFile } from "./file.ts";
import { listImages, readImage, type HeifImage } from "./images.ts";
import { itemBytes } from "./item-data.ts";
import type { Meta } from "./meta.ts";
import { readSequence, type Sequence } from "./sequence.ts";
import { channelsOf, decodeTiles, tilesMemory, type PieceDecoder } from "./tiles.ts";

/** By the type of the items they decode. */
export type PieceDecoders = Readonly<Record<string, PieceDecoder>>;

/** The file as its pages are opened from. */
interface Opened {
  file: ByteSource;
  format: ReadableFormat;
  decoders: PieceDecoders;
  meta: Meta;
  /** Ids of the pictures' items. */
  pages: readonly number[];
  /** What its first page is a picture of. */
  sequence: Sequence | null;
}

const NO_ITEMS: Meta = { primary: 0, items: new Map(), data: new Uint8Array(0) };

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openHeif(
  file: ByteSource,
  format: ReadableFormat,
  decoders: PieceDecoders,
): Promise<Source> {
  const { meta, movie } = await readFile(file);
  // A file of which a part is missing is refused, whichever part that is.
  for (const item of meta?.items.values() ?? []) itemBytes(file, meta ?? NO_ITEMS, item);
  const sequence = movie && readSequence(file, movie);
  if (!meta && !sequence) throw damaged("The file describes no image.");
  const pages = meta ? listImages(meta) : [];
  return await openPage({ file, format, decoders, meta: meta ?? NO_ITEMS, pages, sequence }, 0);
}

async function openPage(opened: Opened, index: number): Promise<Source> {
  const { file, format, decoders, meta, pages } = opened;
  const sequence = index === 0 ? opened.sequence : null;
  const image = await choosePicture(opened, index, sequence);
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
  const frames = sequence?.colour.track.samples.length ?? 1;
  const moves = frames > 1 && sequence?.colour.track.codec === codec;
  const animation = moves ? toAnimation(file, sequence, decoder, info) : null;
  return {
    format,
    ...info,
    depth: samples.bits,
    orientation,
    metadata,
    frames,
    ...(animation && { animation }),
    pages: Math.max(1, pages.length),
    warnings: [...warnings, ...profile.warnings],
    scales: [1],
    memory: () => tilesMemory(tiled) + cropMemory(image.colour, info),
    page: (other) => openPage(opened, other),
    picture: (_plan, workspace) => {
      const strips = decodeTiles(tiled, workspace);
      const cropped = cropStrips(strips, image.colour, window, info.channels, workspace);
      return Promise.resolve({ ...info, strips: cropped });
    },
  };
}

/** A sequence's own first picture, unless that in front of it is of the same shape. */
async function choosePicture(
  { file, meta, pages }: Opened,
  index: number,
  sequence: Sequence | null,
): Promise<HeifImage> {
  const id = pages[index];
  const item = id === undefined ? null : await readImage(file, meta, id);
  if (!sequence) {
    if (!item) throw damaged("The file's picture is missing.");
    return item;
  }
  if (!item) return sequence.image;
  const { window, orientation, metadata } = sequence.image;
  const isAlike =
    item.window.width === window.width &&
    item.window.height === window.height &&
    item.orientation === orientation;
  if (isAlike) return item;
  return { ...sequence.image, metadata: { ...item.metadata, icc: metadata.icc } };
}
