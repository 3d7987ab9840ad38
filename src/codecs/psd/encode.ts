/**
 * Rows → a PSD. A channel's rows lie together, so that all are held, packed, until the picture is
 * complete. A transparent picture is one layer, since nothing else tells Photoshop that it is: in the
 * composite, which other programs read, its colours have been put on white.
 */
import { AppError } from "../../errors.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Metadata, Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { concat } from "../concat.ts";
import { COMPRESSIONS, HEADER_BYTES, MODES, RESOURCES } from "./header.ts";
import {
  createPlane,
  maxPackedBytes,
  packRow,
  planeBytes,
  unpackRow,
  type PackedPlane,
} from "./packed-plane.ts";

/** Rows of a composite that are sent together. */
const CHUNK_BYTES = 128 * 1024;

/** Upper bound, in bytes. */
export function encodeMemory(picture: PictureInfo, { metadata }: EncodeOptions): number {
  const { width, height, channels } = picture;
  const head = 2 * (resourcesOf(metadata).length + HEADER_BYTES) + LAYER_BYTES;
  const composite = channels === 4 ? compositeBytes(width) + 2 * height : 0;
  // A block, or the lengths of rows, while they are sent.
  const sent = planeBytes(width, 1) + 2 * height * channels;
  return channels * planeBytes(width, height) + width + head + composite + sent;
}

export async function* encodePsd(
  picture: Picture,
  { metadata }: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height, channels } = picture;
  const planes = Array.from({ length: channels }, () => createPlane(width, height, workspace));
  const row = workspace.allocate(width);
  let y = 0;
  for await (const { rows, data } of picture.strips) {
    for (let end = y + rows, from = 0; y < end; y++, from += width * channels) {
      for (const [channel, plane] of planes.entries()) {
        for (let x = 0, at = from + channel; x < width; x++, at += channels) {
          row[x] = data[at] as number;
        }
        plane.add(row);
      }
    }
  }
  if (y !== height) throw new AppError("internal", "The picture ended before its last row.");
  yield writeHead(picture, metadata);
  const alpha = planes[3];
  if (!alpha) {
    yield concat([NO_LAYERS, PACK_BITS, ...planes.map(({ lengths }) => lengths)]);
    for (const plane of planes) yield* sendBlocks(plane);
    return;
  }
  yield* writeLayer(picture, planes);
  yield PACK_BITS.slice();
  yield* writeComposite(picture, planes.slice(0, 3), alpha, workspace);
}

function* sendBlocks(plane: PackedPlane): Generator<Uint8Array> {
  for (const block of plane.blocks()) yield block.slice();
}

const bigEndian = (value: number): Uint8Array =>
  Uint8Array.of(value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255);

const latin1 = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

const NO_LAYERS = bigEndian(0);
const PACK_BITS = Uint8Array.of(0, COMPRESSIONS.packBits);

/** Everything up to the layers. */
function writeHead({ width, height, channels }: PictureInfo, metadata: Metadata): Uint8Array {
  const head = new Uint8Array(HEADER_BYTES);
  const view = new DataView(head.buffer);
  head.set(latin1("8BPS"));
  view.setUint16(4, 1);
  view.setUint16(12, channels);
  view.setUint32(14, height);
  view.setUint32(18, width);
  view.setUint16(22, 8);
  view.setUint16(24, channels === 1 ? MODES.gray : MODES.rgb);
  const resources = resourcesOf(metadata);
  const noPalette = bigEndian(0);
  return concat([head, noPalette, bigEndian(resources.length), resources]);
}

/** Blocks of metadata: what it is, no name, its length, padded to an even one. */
function resourcesOf(metadata: Metadata): Uint8Array {
  const blocks = (["icc", "exif", "xmp"] as const).flatMap((name) => {
    const data = metadata[name];
    if (!data) return [];
    const id = RESOURCES[name];
    const head = [latin1("8BIM"), Uint8Array.of(id >> 8, id & 255, 0, 0), bigEndian(data.length)];
    return [...head, data, new Uint8Array(data.length % 2)];
  });
  return concat(blocks);
}

/** Ids of a layer's channels: red, green, blue, transparency. */
const LAYER_CHANNELS = [0, 1, 2, -1];
/** Blend mode, opacity, clipping, flags; no mask, no ranges, a name. */
const LAYER_LOOK = concat([
  latin1("8BIMnorm"),
  Uint8Array.of(255, 0, 0, 0),
  bigEndian(4 + 4 + 8),
  ...[bigEndian(0), bigEndian(0), latin1("\x07Picture")],
]);
const LAYER_BYTES = 256;

/** The layers' section: one that covers the picture. */
function* writeLayer(
  { width, height }: PictureInfo,
  planes: readonly PackedPlane[],
): Generator<Uint8Array> {
  const lengths = planes.map(({ bytes }) => PACK_BITS.length + 2 * height + bytes);
  const record = concat([
    // Negative: the composite's fourth channel is its transparency.
    Uint8Array.of(255, 255),
    ...[0, 0, height, width].map(bigEndian),
    Uint8Array.of(0, planes.length),
    ...lengths.flatMap((length, i) => {
      const id = LAYER_CHANNELS[i] ?? 0;
      return [Uint8Array.of((id >> 8) & 255, id & 255), bigEndian(length)];
    }),
    LAYER_LOOK,
  ]);
  const bytes = lengths.reduce((sum, length) => sum + length, record.length);
  const padding = bytes % 2;
  yield concat([bigEndian(4 + bytes + padding + 4), bigEndian(bytes + padding), record]);
  for (const plane of planes) {
    yield concat([PACK_BITS, plane.lengths]);
    yield* sendBlocks(plane);
  }
  // No global mask.
  yield new Uint8Array(padding + 4);
}

/** Three rows, and what is sent of them. */
const compositeBytes = (width: number): number => 3 * width + 2 * (CHUNK_BYTES + 2 * width);

/** Packed twice, first for the lengths, since there is no room for it all. */
function* writeComposite(
  { width, height }: PictureInfo,
  colours: readonly PackedPlane[],
  alpha: PackedPlane,
  workspace: Workspace,
): Generator<Uint8Array> {
  const [row, opacity] = [workspace.allocate(width), workspace.allocate(width)];
  const packed = workspace.allocate(CHUNK_BYTES + maxPackedBytes(width));
  const lengths = workspace.allocate(2 * height);
  const view = new DataView(lengths.buffer);

  /** @returns where the row that has been put on white ends in `packed` */
  function pack(colour: Uint8Array, transparency: Uint8Array, start: number): number {
    unpackRow(colour, row);
    unpackRow(transparency, opacity);
    for (let x = 0; x < width; x++) {
      const a = opacity[x] as number;
      row[x] = Math.round(((row[x] as number) * a + 255 * (255 - a)) / 255);
    }
    return packRow(row, packed, start);
  }

  for (const colour of colours) {
    const transparencies = alpha.rows();
    let y = 0;
    for (const stored of colour.rows()) {
      view.setUint16(2 * y++, pack(stored, transparencies.next().value ?? stored, 0));
    }
    yield lengths.slice();
  }
  yield alpha.lengths.slice();
  for (const colour of colours) {
    const transparencies = alpha.rows();
    let filled = 0;
    for (const stored of colour.rows()) {
      filled = pack(stored, transparencies.next().value ?? stored, filled);
      if (filled < CHUNK_BYTES) continue;
      yield packed.slice(0, filled);
      filled = 0;
    }
    yield packed.slice(0, filled);
  }
  yield* sendBlocks(alpha);
}
