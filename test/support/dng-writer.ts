/** DNGs with what a sensor saw, of every kind that we develop, for tests. */
import { deflateSync } from "node:zlib";
import { writeLosslessJpeg } from "./lossless-jpeg-writer.ts";
import {
  byte,
  long,
  rational,
  short,
  signedRational,
  writeFields,
  type Field,
} from "./tiff-writer.ts";

/** Colours of the pixels of the sensor's first two rows. */
export type Pattern = "RGGB" | "BGGR" | "GRBG" | "GBRG";

export interface Lossless {
  predictor: number;
  components: number;
  /** How many rows of the strip or tile are one of the JPEG; 1 without it. */
  rowsInOne?: number;
  restartRows?: number;
}

export interface DngSpec {
  width: number;
  height: number;
  /** null where each pixel has all three colours. */
  pattern: Pattern | null;
  bits: 8 | 10 | 12 | 14 | 16;
  values: Uint16Array;
  bigEndian?: boolean;
  compression?: "none" | "deflate" | Lossless;
  /** Strips or tiles as they are, in place of `values`. */
  segments?: readonly Buffer[];
  rowsPerStrip?: number;
  tile?: { width: number; height: number };
  black?: number;
  white?: number;
  /** A JPEG, in the first directory. */
  preview?: { file: Buffer; width: number; height: number };
  /** More fields of the raw directory, or others. */
  fields?: Record<number, Field | null>;
  /** More fields of the first directory, or others. */
  mainFields?: Record<number, Field | null>;
}

/** A Nikon D500's, under daylight: XYZ to its own red, green, blue. */
export const COLOR_MATRIX = [
  [0.8813, -0.321, -0.1036],
  [-0.4703, 1.2868, 0.2021],
  [-0.1054, 0.194, 0.6129],
] as const;
/** What it sees of gray in that light. */
export const NEUTRAL = [0.45, 1, 0.65] as const;
export const COLOURS = { R: 0, G: 1, B: 2 } as const;
const D65 = 21;

export function writeDng(spec: DngSpec): Buffer {
  const { width, height, pattern, bits, bigEndian = false, tile, preview } = spec;
  const samples = pattern ? 1 : 3;
  const segments = spec.segments ?? cutSegments(spec);
  const blobs = [...(preview ? [preview.file] : []), ...segments];
  const offsets: number[] = [];
  let end = 8;
  for (const { length } of blobs) {
    offsets.push(end);
    end += length + (length % 2);
  }
  const head = Buffer.alloc(end);
  for (const [i, blob] of blobs.entries()) head.set(blob, offsets[i]);
  const places = offsets.slice(preview ? 1 : 0);
  const lengths = segments.map(({ length }) => length);
  const raw: Record<number, Field | null> = {
    254: long(0),
    256: long(width),
    257: long(height),
    258: short(...Array.from({ length: samples }, () => bits)),
    259: short(compressionOf(spec)),
    262: short(pattern ? 32_803 : 34_892),
    277: short(samples),
    284: short(1),
    ...(tile
      ? {
          322: long(tile.width),
          323: long(tile.height),
          324: long(...places),
          325: long(...lengths),
        }
      : { 273: long(...places), 278: long(spec.rowsPerStrip ?? height), 279: long(...lengths) }),
    33_421: pattern ? short(2, 2) : null,
    33_422: pattern ? byte(...[...pattern].map((c) => COLOURS[c as keyof typeof COLOURS])) : null,
    50_714:
      spec.black === undefined
        ? null
        : long(...Array.from({ length: samples }, () => spec.black ?? 0)),
    50_717:
      spec.white === undefined
        ? null
        : long(...Array.from({ length: samples }, () => spec.white ?? 0)),
    ...spec.fields,
  };
  const colour: Record<number, Field | null> = {
    50_706: byte(1, 4, 0, 0),
    50_708: { type: 2, values: [...Buffer.from("Sensor of tests\0")] },
    50_721: signedRational(...COLOR_MATRIX.flat()),
    50_728: rational(...NEUTRAL),
    50_778: short(D65),
    ...spec.mainFields,
  };
  const main = (child: number): Buffer =>
    preview
      ? writeFields(
          {
            254: long(1),
            256: long(preview.width),
            257: long(preview.height),
            258: short(8, 8, 8),
            259: short(7),
            262: short(6),
            273: long(offsets[0] ?? 0),
            277: short(3),
            279: long(preview.file.length),
            330: long(child),
            ...colour,
          },
          end,
          bigEndian,
        )
      : writeFields({ ...raw, ...colour }, end, bigEndian);
  head.write(bigEndian ? "MM\0*" : "II*\0", "latin1");
  if (bigEndian) head.writeUInt32BE(end, 4);
  else head.writeUInt32LE(end, 4);
  const child = end + main(0).length;
  const below = preview ? [writeFields(raw, child, bigEndian)] : [];
  return Buffer.concat([head, main(child), ...below]);
}

const compressionOf = ({ compression = "none" }: DngSpec): number =>
  compression === "none" ? 1 : compression === "deflate" ? 8 : 7;

function cutSegments(spec: DngSpec): Buffer[] {
  const { width, height, pattern, values, tile, rowsPerStrip = height } = spec;
  const samples = pattern ? 1 : 3;
  const size = tile ?? { width, height: rowsPerStrip };
  const segments: Buffer[] = [];
  for (let top = 0; top < height; top += size.height) {
    for (let left = 0; left < width; left += size.width) {
      const rows = tile ? size.height : Math.min(size.height, height - top);
      const part = new Uint16Array(rows * size.width * samples);
      for (let y = 0; y < rows && top + y < height; y++) {
        const count = Math.min(size.width, width - left) * samples;
        const from = ((top + y) * width + left) * samples;
        part.set(values.subarray(from, from + count), y * size.width * samples);
      }
      segments.push(encode(part, size.width * samples, rows, spec));
    }
  }
  return segments;
}

function encode(values: Uint16Array, rowSamples: number, rows: number, spec: DngSpec): Buffer {
  const { bits, bigEndian = false, compression = "none" } = spec;
  if (typeof compression === "object") {
    const { components, rowsInOne = 1 } = compression;
    const size = { width: (rowSamples * rowsInOne) / components, height: rows / rowsInOne };
    return writeLosslessJpeg({ ...compression, ...size, precision: bits, values });
  }
  if (bits === 16) {
    const packed = Buffer.from(values.buffer);
    if (bigEndian) packed.swap16();
    return compression === "deflate" ? deflateSync(packed) : packed;
  }
  const rowBytes = Math.ceil((rowSamples * bits) / 8);
  const packed = Buffer.alloc(rowBytes * rows);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < rowSamples; x++) {
      const value = values[y * rowSamples + x] ?? 0;
      for (let bit = 0; bit < bits; bit++) {
        if (((value >> (bits - 1 - bit)) & 1) === 0) continue;
        const at = x * bits + bit;
        const place = y * rowBytes + (at >> 3);
        packed[place] = (packed[place] ?? 0) | (0x80 >> (at & 7));
      }
    }
  }
  return compression === "deflate" ? deflateSync(packed) : packed;
}

/** OpcodeList2 with a polynomial for each of the samples; the coefficient of x^0 first. */
export function mapPolynomial(samples: number, coefficients: readonly number[]): Field {
  const opcodes = Array.from({ length: samples }, (_, plane) => {
    const area = [0, 0, 65_535, 65_535, plane, 1, 1, 1, coefficients.length - 1];
    const content = area.length * 4 + coefficients.length * 8;
    const opcode = Buffer.alloc(16 + content);
    const head = [8, 0x1_03_00_00, 0, content, ...area];
    for (const [i, value] of head.entries()) opcode.writeUInt32BE(value, i * 4);
    for (const [i, value] of coefficients.entries()) {
      opcode.writeDoubleBE(value, head.length * 4 + i * 8);
    }
    return opcode;
  });
  const count = Buffer.alloc(4);
  count.writeUInt32BE(samples);
  return { type: 7, values: [...Buffer.concat([count, ...opcodes])] };
}
