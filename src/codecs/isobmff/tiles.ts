/** Coded pieces to strips: decoded one by one, a row of them at a time. */
import { createColourMatrix, createPlanarReader, planarReaderBytes } from "../../kernels/planar.ts";
import type { Planes, Target } from "../../kernels/planar.ts";
import { align, ENGINE, type Engine } from "../../kernels/engine.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Strip } from "../../pipeline/picture.ts";
import { damaged } from "./failures.ts";
import type { HeifImage, Piece, Tiling } from "./images.ts";
import { readItemInto } from "./item-data.ts";
import type { Meta } from "./meta.ts";
import type { CodingColour } from "./properties.ts";

/** How samples are coded, as a decoder's configuration says. */
export interface SampleLayout {
  bits: number;
  /** 0 is none, else 420, 422 or 444. */
  chroma: 0 | 420 | 422 | 444;
}

/** What a video codec's decoder does for one picture. */
export interface PieceDecoder {
  /** @throws AppError invalid_image */
  describe(configuration: Uint8Array): SampleLayout;
  /** Upper bound of what it holds for such a picture, in bytes; its coded data are on top. */
  memory(width: number, height: number, samples: SampleLayout): number;
  /** @param bytes what `memory` said, and the coded data */
  start(workspace: Workspace, bytes: number): Promise<DecodePiece>;
  /** Without it nothing but the first picture of a sequence is read. */
  sequences?: SequenceDecoder;
}

/** What it does for pictures that build on those before them. */
export interface SequenceDecoder {
  /** As above, with all that later pictures may need; null where it does not read such samples. */
  memory(width: number, height: number, samples: SampleLayout): number | null;
  /**
   * @param mostBytes of one picture's coded data
   * @param role decoders of both go on side by side
   * @returns what is to get the pictures in their order
   */
  start(
    workspace: Workspace,
    bytes: number,
    mostBytes: number,
    role: "colour" | "alpha",
  ): Promise<DecodePiece>;
}

/**
 * What is decoded is valid until the next call.
 * @param declared how the file says the samples make colours, which counts more than the data do
 */
export type DecodePiece = (
  piece: Piece,
  data: Uint8Array,
  declared: CodingColour | null,
) => Promise<{ planes: Planes; coding: CodingColour }>;

/** Rows handed on at a time where the picture is one piece wide; even. */
const STRIP_ROWS = 64;

export interface TiledPicture {
  file: ByteSource;
  meta: Meta;
  image: HeifImage;
  decoder: PieceDecoder;
  samples: SampleLayout;
}

/** Channels of what is decoded. */
export function channelsOf({ image: { alpha }, samples }: TiledPicture): 1 | 3 | 4 {
  if (alpha) return 4;
  return samples.chroma === 0 ? 1 : 3;
}

/** How the engine's arena is divided. */
function layOut(picture: TiledPicture) {
  const { image, samples } = picture;
  const { columns, width, pieces } = image.colour;
  const tile = pieces[0] ?? { width: 0, height: 0 };
  const bandRows = columns === 1 ? Math.min(STRIP_ROWS, tile.height) : tile.height;
  const bits = Math.max(samples.bits, image.alpha ? alphaSamples(picture).bits : 0);
  return {
    bits,
    bandRows,
    bandBytes: bandRows * width * channelsOf(picture) + 16,
    alphaBytes: image.alpha ? tile.width * tile.height + 16 : 0,
    readerBytes: planarReaderBytes(tile.width, bits),
  };
}

function alphaSamples({ image, decoder }: TiledPicture): SampleLayout {
  return decoder.describe(image.alpha?.pieces[0]?.configuration ?? new Uint8Array(0));
}

const longest = (tiling: Tiling | null): number =>
  Math.max(0, ...(tiling?.pieces ?? []).map(({ bytes }) => bytes));

function decoderBytes(picture: TiledPicture): number {
  const { image, samples, decoder } = picture;
  const { width = 0, height = 0 } = image.colour.pieces[0] ?? {};
  const forColour = decoder.memory(width, height, samples);
  if (!image.alpha) return forColour + codedBytes(picture);
  const alpha = alphaSamples(picture);
  const forAlpha = decoder.memory(width, height, alpha);
  // Decoders may have an instance for 8 bits and another for more.
  const both = alpha.bits === samples.bits ? Math.max(forColour, forAlpha) : forColour + forAlpha;
  return both + codedBytes(picture);
}

const codedBytes = ({ image }: TiledPicture): number =>
  Math.max(longest(image.colour), longest(image.alpha));

/** Upper bound of what `decodeTiles` holds, in bytes. */
export function tilesMemory(picture: TiledPicture): number {
  const { bandBytes, alphaBytes, readerBytes } = layOut(picture);
  const engine = align(bandBytes) + align(alphaBytes) + readerBytes;
  return decoderBytes(picture) + engine + codedBytes(picture);
}

/** Strips of the whole picture, before it is cropped. @throws AppError invalid_image, memory_limit */
export async function* decodeTiles(
  picture: TiledPicture,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { file, meta, image, decoder } = picture;
  const { bandRows, bandBytes, alphaBytes, readerBytes, bits } = layOut(picture);
  const decode = await decoder.start(workspace, decoderBytes(picture));
  const engineBytes = align(bandBytes) + align(alphaBytes) + readerBytes;
  const engine = await workspace.take(ENGINE, engineBytes);
  const coded = workspace.allocate(codedBytes(picture));
  const { width, height, columns, rows, pieces } = image.colour;
  const tile = pieces[0] ?? { width: 0, height: 0 };
  const reader = createPlanarReader(engine, tile.width, bits);
  const channels = channelsOf(picture);
  const stride = width * channels;
  const band = engine.allocate(bandBytes);
  const alphaTarget = { pointer: alphaBytes ? engine.allocate(alphaBytes) : 0, stride: tile.width };

  async function decodePiece(
    piece: Piece | undefined,
    declared: CodingColour | null,
  ): ReturnType<typeof decode> {
    if (!piece) throw damaged();
    const data = coded.subarray(0, piece.bytes);
    await readItemInto(file, meta, piece, data);
    const decoded = await decode(piece, data, declared);
    const { planes } = decoded;
    if (planes.width < piece.width || planes.height < piece.height) {
      throw damaged("The coded picture is smaller than the file says.");
    }
    if ((planes.chroma === null) !== (channels === 1) && channels !== 4) throw damaged();
    return decoded;
  }

  /** Opacity of a tile's pixels, kept until its colours are there. */
  async function decodeAlpha(
    index: number,
    wanted: { rows: number; width: number },
  ): Promise<void> {
    const { planes, coding } = await decodePiece(image.alpha?.pieces[index], null);
    reader.toBytes(planes, coding.fullRange, { y: 0, ...wanted }, alphaTarget);
  }

  for (let row = 0; row < rows; row++) {
    const top = row * tile.height;
    const tileRows = Math.min(tile.height, height - top);
    for (let column = 0; column < columns; column++) {
      const left = column * tile.width;
      const wanted = { rows: tileRows, width: Math.min(tile.width, width - left) };
      const index = row * columns + column;
      if (image.alpha) await decodeAlpha(index, wanted);
      const { planes, coding } = await decodePiece(pieces[index], image.coding);
      const write = createWriter(planes, coding, wanted.width);
      if (columns > 1) {
        write(0, tileRows, { pointer: band + left * channels, stride });
        continue;
      }
      for (let y = 0; y < tileRows; y += bandRows) {
        const count = Math.min(bandRows, tileRows - y);
        write(y, count, { pointer: band, stride });
        yield strip(engine, band, top + y, count, stride);
      }
    }
    if (columns === 1) continue;
    for (let y = 0; y < tileRows; y += STRIP_ROWS) {
      const count = Math.min(STRIP_ROWS, tileRows - y);
      yield strip(engine, band + y * stride, top + y, count, stride);
    }
  }

  function createWriter(planes: Planes, coding: CodingColour, tileWidth: number) {
    const matrix = createColourMatrix(planes.chroma ? coding : null, coding.fullRange, planes.bits);
    return (y: number, count: number, target: Target): void => {
      const wanted = { y, rows: count, width: tileWidth };
      if (channels === 1) {
        reader.toBytes(planes, coding.fullRange, wanted, target);
        return;
      }
      const { pointer } = alphaTarget;
      const alpha = image.alpha
        ? { pointer: pointer + y * tile.width, stride: tile.width }
        : undefined;
      reader.toRgb(planes, matrix, wanted, target, alpha);
      if (alpha && image.premultiplied) divideByAlpha(engine, target, wanted);
    };
  }
}

function strip(engine: Engine, pointer: number, y: number, rows: number, stride: number): Strip {
  return { y, rows, data: engine.view(pointer, rows * stride) };
}

/** Premultiplied to straight alpha. */
export function divideByAlpha(
  engine: Engine,
  target: Target,
  { rows, width }: { rows: number; width: number },
): void {
  for (let row = 0; row < rows; row++) {
    const pixels = engine.view(target.pointer + row * target.stride, width * 4);
    for (let i = 0; i < pixels.length; i += 4) {
      const alpha = pixels[i + 3] ?? 0;
      if (alpha === 255 || alpha === 0) continue;
      for (let c = i; c < i + 3; c++) {
        pixels[c] = Math.min(255, Math.round(((pixels[c] ?? 0) * 255) / alpha));
      }
    }
  }
}
