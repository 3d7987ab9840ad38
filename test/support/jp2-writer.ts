/**
 * JPEG 2000 files that ImageMagick does not write, put together of gray ones that it does: tiles, and
 * components of different sizes. ISO/IEC 15444-1.
 */
import { MagickFormat } from "@imagemagick/magick-wasm";
import { writeByMagick } from "./magick.ts";

const [SIZE, CODING, TILE_PART, DATA] = [0xff51, 0xff52, 0xff90, 0xff93];
/** Each component's packets are together: one component's behind the other's are those of all. */
const BY_COMPONENT = 4;

export interface Plane {
  width: number;
  height: number;
  /** Of 8 bits. */
  data: Uint8Array;
}

/** The parts of a codestream of one tile. */
interface Parts {
  size: Buffer;
  coding: Buffer;
  others: Buffer[];
  packets: Buffer;
}

/** @param levels how often it can be halved */
export async function encodePlane(plane: Plane, levels: number): Promise<Buffer> {
  return await writeByMagick({ ...plane, channels: 1 }, MagickFormat.J2k, (image) => {
    image.quality = 100;
    image.settings.setDefine(MagickFormat.Jp2, "number-resolutions", levels + 1);
    image.settings.setDefine(MagickFormat.Jp2, "progression-order", "CPRL");
  });
}

function takeApart(file: Buffer): Parts {
  const found: Parts = { size: file, coding: file, others: [], packets: file };
  let at = 2;
  while (file.readUInt16BE(at) !== TILE_PART) {
    const end = at + 2 + file.readUInt16BE(at + 2);
    const segment = Buffer.from(file.subarray(at, end));
    const marker = file.readUInt16BE(at);
    if (marker === SIZE) found.size = segment;
    else if (marker === CODING) found.coding = segment;
    else found.others.push(segment);
    at = end;
  }
  const length = file.readUInt32BE(at + 6);
  found.packets = file.subarray(
    file.indexOf(Buffer.from([DATA >> 8, DATA & 255]), at) + 2,
    at + length,
  );
  return found;
}

function writeTilePart(tile: number, packets: Buffer): Buffer {
  const head = Buffer.alloc(14);
  head.writeUInt16BE(TILE_PART, 0);
  head.writeUInt16BE(10, 2);
  head.writeUInt16BE(tile, 4);
  head.writeUInt32BE(head.length + packets.length, 6);
  head.writeUInt8(1, 11);
  head.writeUInt16BE(DATA, 12);
  return Buffer.concat([head, packets]);
}

const START = Buffer.from([0xff, 0x4f]);
const END = Buffer.from([0xff, 0xd9]);

/** Components that lie over each other, each `dx` and `dy` times coarser than the picture. */
export function joinComponents(
  width: number,
  height: number,
  components: readonly { file: Buffer; dx?: number; dy?: number; signed?: boolean }[],
): Buffer {
  const all = components.map(({ file }) => takeApart(file));
  const [first] = all;
  if (!first) throw new Error("no component");
  const size = Buffer.alloc(40 + 3 * components.length);
  first.size.copy(size, 0, 0, 40);
  size.writeUInt16BE(size.length - 2, 2);
  for (const [i, value] of [width, height, 0, 0, width, height].entries()) {
    size.writeUInt32BE(value, 6 + i * 4);
  }
  size.writeUInt16BE(components.length, 38);
  for (const [i, { dx = 1, dy = 1, signed = false }] of components.entries()) {
    size.set([signed ? 0x87 : 7, dx, dy], 40 + i * 3);
  }
  const coding = Buffer.from(first.coding);
  coding.writeUInt8(BY_COMPONENT, 5);
  coding.writeUInt8(0, 8); // no colour transform
  const packets = Buffer.concat(all.map((parts) => parts.packets));
  return Buffer.concat([START, size, coding, ...first.others, writeTilePart(0, packets), END]);
}

/**
 * Tiles beside each other, each a picture of its own: all `side` wide and high, but those at the
 * edges. Where `side` is a multiple of 64 · 2^levels their data do not depend on their place.
 * @param parts into how many parts of the file the tiles are dealt
 */
export async function writeTiled(plane: Plane, side: number, levels: number): Promise<Buffer> {
  const { width, height, data } = plane;
  const columns = Math.ceil(width / side);
  const pieces: Buffer[] = [];
  let head: Parts | undefined;
  for (let y = 0; y < height; y += side) {
    for (let x = 0; x < width; x += side) {
      const tile = { width: Math.min(side, width - x), height: Math.min(side, height - y) };
      const samples = Buffer.concat(
        Array.from({ length: tile.height }, (_, row) => {
          const start = (y + row) * width + x;
          return data.subarray(start, start + tile.width);
        }),
      );
      const parts = takeApart(await encodePlane({ ...tile, data: samples }, levels));
      head ??= parts;
      pieces.push(writeTilePart((y / side) * columns + x / side, parts.packets));
    }
  }
  if (!head) throw new Error("no tile");
  for (const [i, value] of [width, height, 0, 0, side, side].entries()) {
    head.size.writeUInt32BE(value, 6 + i * 4);
  }
  // Tiles may come in any order.
  return Buffer.concat([
    START,
    head.size,
    head.coding,
    ...head.others,
    ...pieces.toReversed(),
    END,
  ]);
}

const box = (type: string, ...content: (Buffer | Uint8Array | number[])[]): Buffer => {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(8, type, "latin1");
  head.writeUInt32BE(bytes.length + 8);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, bytes]);
};

const u16 = (...values: number[]): number[] => values.flatMap((value) => [value >> 8, value & 255]);

export interface Jp2Boxes {
  /** Enumerated, or a profile. */
  colour: number | Uint8Array;
  /** RGB triples that the component's values mean. */
  palette?: readonly (readonly number[])[];
  /** Channel, type and colour of each. */
  meanings?: readonly (readonly [number, number, number])[];
  /** Boxes behind, by the hexadecimal number of what they hold. */
  uuids?: readonly (readonly [string, Uint8Array])[];
}

/** The codestream in a JP2 file. */
export function wrapJp2(codestream: Buffer, boxes: Jp2Boxes): Buffer {
  const { colour, palette, meanings, uuids = [] } = boxes;
  const count = codestream.readUInt16BE(40);
  const size = [...codestream.subarray(12, 16), ...codestream.subarray(8, 12)];
  const isProfile = typeof colour !== "number";
  return Buffer.concat([
    box("jP  ", [13, 10, 0x87, 10]),
    box("ftyp", Buffer.from("jp2 \0\0\0\0jp2 ", "latin1")),
    box(
      "jp2h",
      box("ihdr", size, u16(count), [7, 7, 0, 0]),
      box("colr", isProfile ? [2, 0, 0] : [1, 0, 0, 0, 0, 0, colour], isProfile ? colour : []),
      palette
        ? box("pclr", u16(palette.length), [3, 7, 7, 7], palette.flatMap((entry) => [...entry])) // prettier-ignore
        : [],
      palette
        ? box(
            "cmap",
            [0, 1, 2].flatMap((column) => [0, 0, 1, column]),
          )
        : [],
      meanings ? box("cdef", u16(meanings.length, ...meanings.flatMap((row) => [...row]))) : [],
    ),
    box("jp2c", codestream),
    ...uuids.map(([id, bytes]) => box("uuid", Buffer.from(id, "hex"), bytes)),
  ]);
}
