/** TIFFs of every kind that real ones have, for tests. */
import { deflateSync } from "node:zlib";

export interface TiffSpec {
  width: number;
  height: number;
  bits: 1 | 2 | 4 | 8 | 16;
  samples: number;
  photometric: number;
  /** All samples, of a pixel side by side, rows top-down. */
  values: ArrayLike<number>;
  bigEndian?: boolean;
  planar?: boolean;
  compression?: "none" | "packbits" | "deflate";
  predictor?: boolean;
  /** Rows of a strip; all of them without it. */
  rowsPerStrip?: number;
  tile?: { width: number; height: number };
  /** More fields, or other values for those there are; null leaves one out. */
  fields?: Record<number, Field | null>;
}

export interface Field {
  type: 1 | 2 | 3 | 4 | 5 | 7 | 10;
  values: readonly number[];
}

const COMPRESSIONS = { none: 1, packbits: 32_773, deflate: 8 } as const;
const TYPE_BYTES = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8 } as const;
const DENOMINATOR = 10_000;

export const short = (...values: number[]): Field => ({ type: 3, values });
export const long = (...values: number[]): Field => ({ type: 4, values });
export const byte = (...values: number[]): Field => ({ type: 1, values });
/** To four digits behind the point, and not negative. */
export const rational = (...values: number[]): Field => ({ type: 5, values });
export const signedRational = (...values: number[]): Field => ({ type: 10, values });

/** The directory comes last, as most writers have it. */
export function writeTiff(spec: TiffSpec): Buffer {
  const { width, height, bits, samples, photometric, tile, bigEndian = false } = spec;
  const { compression = "none", planar = false, predictor = false, rowsPerStrip = height } = spec;
  const segments = cutSegments(spec).map((rows) => compress(rows, spec));
  const offsets: number[] = [];
  let end = 8;
  for (const segment of segments) {
    offsets.push(end);
    end += segment.length + (segment.length % 2);
  }
  const lengths = segments.map(({ length }) => length);
  const fields: Record<number, Field | null> = {
    256: long(width),
    257: long(height),
    258: short(...Array.from({ length: samples }, () => bits)),
    259: short(COMPRESSIONS[compression]),
    262: short(photometric),
    277: short(samples),
    284: short(planar ? 2 : 1),
    317: predictor ? short(2) : null,
    ...(tile
      ? {
          322: long(tile.width),
          323: long(tile.height),
          324: long(...offsets),
          325: long(...lengths),
        }
      : { 273: long(...offsets), 278: long(rowsPerStrip), 279: long(...lengths) }),
    ...spec.fields,
  };
  const head = Buffer.alloc(end);
  head.write(bigEndian ? "MM\0*" : "II*\0", "latin1");
  put(head, bigEndian, 4, 4, end);
  for (const [index, segment] of segments.entries()) head.set(segment, offsets[index]);
  return Buffer.concat([head, writeFields(fields, end, bigEndian)]);
}

/** A directory that will lie at `start`. */
export function writeFields(
  all: Record<number, Field | null>,
  start: number,
  bigEndian = false,
  next = 0,
): Buffer {
  const fields = Object.entries(all).filter((entry): entry is [string, Field] => entry[1] !== null);
  const directory = Buffer.alloc(2 + fields.length * 12 + 4);
  const outside: Buffer[] = [];
  let end = start + directory.length;
  put(directory, bigEndian, 0, 2, fields.length);
  for (const [index, [tag, { type, values }]] of fields.entries()) {
    const at = 2 + index * 12;
    const step = TYPE_BYTES[type];
    put(directory, bigEndian, at, 2, Number(tag));
    put(directory, bigEndian, at + 2, 2, type);
    put(directory, bigEndian, at + 4, 4, values.length);
    const data = Buffer.alloc(Math.max(4, values.length * step + ((values.length * step) % 2)));
    const isRational = type === 5 || type === 10;
    const write = isRational ? putRational : put;
    for (const [i, value] of values.entries()) write(data, bigEndian, i * step, step, value);
    if (data.length === 4) {
      directory.set(data, at + 8);
    } else {
      put(directory, bigEndian, at + 8, 4, end);
      outside.push(data);
      end += data.length;
    }
  }
  put(directory, bigEndian, directory.length - 4, 4, next);
  return Buffer.concat([directory, ...outside]);
}

function put(target: Buffer, bigEndian: boolean, at: number, bytes: number, value: number): void {
  if (bigEndian) target.writeUIntBE(value, at, bytes);
  else target.writeUIntLE(value, at, bytes);
}

function putRational(
  target: Buffer,
  bigEndian: boolean,
  at: number,
  _bytes: number,
  value: number,
): void {
  put(target, bigEndian, at, 4, Math.round(value * DENOMINATOR) >>> 0);
  put(target, bigEndian, at + 4, 4, DENOMINATOR);
}

/** Each strip's or tile's rows of samples, plane after plane. */
function cutSegments(spec: TiffSpec): number[][][] {
  const { width, height, samples, values, tile, planar, rowsPerStrip = height } = spec;
  const size = tile ?? { width, height: rowsPerStrip };
  const planes = planar ? samples : 1;
  const perPixel = planar ? 1 : samples;
  const segments: number[][][] = [];
  for (let plane = 0; plane < planes; plane++) {
    for (let top = 0; top < height; top += size.height) {
      for (let left = 0; left < width; left += size.width) {
        const rows = tile ? size.height : Math.min(size.height, height - top);
        segments.push(
          Array.from({ length: rows }, (_, y) =>
            Array.from({ length: size.width * perPixel }, (__, i) => {
              const x = left + Math.floor(i / perPixel);
              const inside = x < width && top + y < height;
              const at = ((top + y) * width + x) * samples + plane + (i % perPixel);
              return inside ? (values[at] ?? 0) : 0;
            }),
          ),
        );
      }
    }
  }
  return segments;
}

function compress(rows: number[][], spec: TiffSpec): Buffer {
  const { bits, samples, planar, predictor, bigEndian, compression } = spec;
  const step = planar ? 1 : samples;
  const packed = rows.map((row) => {
    const stored = predictor
      ? row.map((value, i) => (value - (i < step ? 0 : (row[i - step] ?? 0))) & (2 ** bits - 1))
      : row;
    return pack(stored, bits, bigEndian ?? false);
  });
  if (compression === "packbits") return Buffer.concat(packed.map(packBits));
  const whole = Buffer.concat(packed);
  return compression === "deflate" ? deflateSync(whole) : whole;
}

function pack(values: readonly number[], bits: TiffSpec["bits"], bigEndian: boolean): Buffer {
  const row = Buffer.alloc(Math.ceil((values.length * bits) / 8));
  for (const [i, value] of values.entries()) {
    const at = (i * bits) >> 3;
    if (bits === 16) put(row, bigEndian, at, 2, value);
    else row[at] = (row[at] ?? 0) | (value << (8 - bits - ((i * bits) & 7)));
  }
  return row;
}

/** Runs of three and more as runs, all else as it is. */
function packBits(row: Buffer): Buffer {
  const out: number[] = [];
  for (let at = 0; at < row.length;) {
    let run = 1;
    while (run < 128 && row[at + run] === row[at]) run++;
    if (run >= 3) {
      out.push(257 - run, row[at] ?? 0);
      at += run;
      continue;
    }
    let end = at;
    while (
      end < row.length &&
      end - at < 128 &&
      (row[end] !== row[end + 1] || row[end] !== row[end + 2])
    )
      end++;
    end = Math.max(end, at + 1);
    out.push(end - at - 1, ...row.subarray(at, end));
    at = end;
  }
  return Buffer.from(out);
}
