/** The head of a Truevision TGA (file format specification 2.0, 1991). */
import { AppError } from "../../errors.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";

export const HEADER_BYTES = 18;
export const RUN_LENGTHS = 8;
export const KINDS = { mapped: 1, colour: 2, gray: 3 } as const;
export const TOP_DOWN = 0x20;
export const RIGHT_TO_LEFT = 0x10;
export const ALPHA_BITS = 0x0f;

export interface TgaHeader {
  width: number;
  height: number;
  kind: (typeof KINDS)[keyof typeof KINDS];
  hasRuns: boolean;
  /** Of a pixel as it is stored. */
  pixelBytes: 1 | 2 | 3 | 4;
  /** Whether its first bits are transparency. */
  hasAlpha: boolean;
  topDown: boolean;
  rightToLeft: boolean;
  /** RGBA of each index; null where there are none. */
  palette: Uint8Array | null;
  dataOffset: number;
}

export const damaged = (message = "The TGA's data are damaged."): AppError =>
  new AppError("invalid_image", message);

export const truncated = (): AppError =>
  new AppError("truncated_image", "The TGA ends before its picture does.");

const unsupported = (what: string): AppError =>
  new AppError("unsupported_feature", `TGA: ${what} cannot be read.`);

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function readHeader(source: ByteSource): Promise<TgaHeader> {
  const head = await source.read(0, HEADER_BYTES);
  if (head.length < HEADER_BYTES) throw truncated();
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const type = view.getUint8(2);
  const kind = Object.values(KINDS).find((value) => value === (type & ~RUN_LENGTHS));
  if (!kind) throw unsupported(`a picture of type ${type}`);
  const [width, height] = [view.getUint16(12, true), view.getUint16(14, true)];
  if (width === 0 || height === 0) throw damaged("The TGA has no pixels.");
  const bits = view.getUint8(16);
  const flags = view.getUint8(17);
  if (flags & 0xc0) throw unsupported("interleaved rows");
  const pixelBytes = (bits === 15 ? 2 : bits / 8) as TgaHeader["pixelBytes"];
  const fits = kind === KINDS.colour ? [2, 3, 4] : [1];
  if (!fits.includes(pixelBytes)) throw unsupported(`a picture of ${bits} bits a pixel`);

  const mapAt = HEADER_BYTES + view.getUint8(0);
  const map = { first: view.getUint16(3, true), count: view.getUint16(5, true) };
  const entryBits = view.getUint8(7);
  const entryBytes = Math.ceil(entryBits / 8);
  const mapBytes = view.getUint8(1) === 0 ? 0 : map.count * entryBytes;
  if (kind === KINDS.mapped && mapBytes === 0) throw damaged("The TGA's palette is missing.");
  let palette: Uint8Array | null = null;
  if (kind === KINDS.mapped) {
    if (![2, 3, 4].includes(entryBytes)) throw unsupported(`a palette of ${entryBits} bits`);
    const entries = await source.read(mapAt, mapBytes);
    if (entries.length < mapBytes) throw truncated();
    palette = readPalette(entries, entryBytes, map.first);
  }
  return {
    ...{ width, height, kind, pixelBytes, palette },
    hasRuns: (type & RUN_LENGTHS) !== 0,
    hasAlpha: hasAlpha(bits, flags & ALPHA_BITS),
    topDown: (flags & TOP_DOWN) !== 0,
    rightToLeft: (flags & RIGHT_TO_LEFT) !== 0,
    dataOffset: mapAt + mapBytes,
  };
}

const hasAlpha = (bits: number, alphaBits: number): boolean =>
  (bits === 32 && alphaBits === 8) || (bits === 16 && alphaBits === 1);

/** Of 256 indices; those before the first and behind the last are black. */
function readPalette(entries: Uint8Array, entryBytes: number, first: number): Uint8Array {
  const palette = new Uint8Array(256 * 4);
  const expand = EXPANDS[entryBytes as 2 | 3 | 4];
  for (let from = 0, index = first; from < entries.length && index < 256; index++) {
    expand(entries, from, palette, index * 4);
    palette[index * 4 + 3] = 255;
    from += entryBytes;
  }
  return palette;
}

/** Five bits to eight, the highest repeated below. */
const widen = (five: number): number => (five << 3) | (five >> 2);

type ExpandPixel = (from: Uint8Array, at: number, to: Uint8Array, place: number) => void;

function expandBgr(from: Uint8Array, at: number, to: Uint8Array, place: number): void {
  to[place] = from[at + 2] as number;
  to[place + 1] = from[at + 1] as number;
  to[place + 2] = from[at] as number;
}

/** One stored pixel to red, green and blue, by its bytes. */
export const EXPANDS: Readonly<Record<2 | 3 | 4, ExpandPixel>> = {
  2(from, at, to, place) {
    const pixel = (from[at] as number) | ((from[at + 1] as number) << 8);
    to[place] = widen((pixel >> 10) & 31);
    to[place + 1] = widen((pixel >> 5) & 31);
    to[place + 2] = widen(pixel & 31);
  },
  3: expandBgr,
  4: expandBgr,
};
