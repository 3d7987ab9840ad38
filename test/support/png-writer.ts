/** Writes PNGs of every kind, also ones that are wrong, for decoders to be tested with. */
import { crc32, deflateSync } from "node:zlib";

export interface PngSpec {
  width: number;
  height: number;
  /** 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA. */
  colourType: 0 | 2 | 3 | 4 | 6;
  depth: 1 | 2 | 4 | 8 | 16;
  interlaced?: boolean;
  /** One value a sample, row by row. */
  samples: ArrayLike<number>;
  palette?: number[];
  transparency?: number[];
  /** Chunks between header and palette. */
  before?: [type: string, data: Uint8Array][];
  /** Chunks behind the pixels. */
  after?: [type: string, data: Uint8Array][];
  /** Data of an IDAT chunk at most. */
  idatBytes?: number;
}

export const SAMPLES = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

type Pass = readonly [xStart: number, yStart: number, xStep: number, yStep: number];

const ADAM7: readonly Pass[] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** Rows are filtered with the five filters in turn. */
export function writePng(spec: PngSpec): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(spec.width, 0);
  header.writeUInt32BE(spec.height, 4);
  header.set([spec.depth, spec.colourType, 0, 0, spec.interlaced ? 1 : 0], 8);
  const passes = spec.interlaced ? ADAM7 : ([[0, 0, 1, 1]] satisfies Pass[]);
  const rows = Buffer.concat(passes.map((pass) => filterPass(spec, pass)));
  const data = deflateSync(rows);
  const idatBytes = spec.idatBytes ?? data.length;
  const idats: Buffer[] = [];
  for (let at = 0; at < data.length; at += idatBytes) {
    idats.push(pngChunk("IDAT", data.subarray(at, at + idatBytes)));
  }
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    pngChunk("IHDR", header),
    ...(spec.before ?? []).map(([type, bytes]) => pngChunk(type, bytes)),
    ...(spec.palette ? [pngChunk("PLTE", Uint8Array.from(spec.palette))] : []),
    ...(spec.transparency ? [pngChunk("tRNS", Uint8Array.from(spec.transparency))] : []),
    ...idats,
    ...(spec.after ?? []).map(([type, bytes]) => pngChunk(type, bytes)),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
}

export function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  chunk.set(body, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

function filterPass(spec: PngSpec, [x0, y0, dx, dy]: Pass): Buffer {
  const count = SAMPLES[spec.colourType];
  const columns = Math.ceil((spec.width - x0) / dx);
  if (columns <= 0) return Buffer.alloc(0);
  const rowBytes = Math.ceil((columns * count * spec.depth) / 8);
  const step = Math.max(1, (count * spec.depth) >> 3);
  const out: Buffer[] = [];
  let above = Buffer.alloc(rowBytes);
  for (let y = y0, number = 0; y < spec.height; y += dy, number++) {
    const row = Buffer.alloc(rowBytes);
    for (let i = 0; i < columns * count; i++) {
      const x = x0 + Math.floor(i / count) * dx;
      const value = spec.samples[(y * spec.width + x) * count + (i % count)] ?? 0;
      if (spec.depth === 16) row.writeUInt16BE(value, i * 2);
      else {
        const bit = i * spec.depth;
        row[bit >> 3] = (row[bit >> 3] ?? 0) | (value << (8 - spec.depth - (bit & 7)));
      }
    }
    out.push(filterRow(row, above, step, number % 5));
    above = row;
  }
  return Buffer.concat(out);
}

function filterRow(row: Buffer, above: Buffer, step: number, filter: number): Buffer {
  const filtered = Buffer.alloc(row.length + 1, filter);
  row.forEach((value, i) => {
    const a = row[i - step] ?? 0;
    const b = above[i] ?? 0;
    const c = above[i - step] ?? 0;
    const predicted = [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter] ?? 0;
    filtered[i + 1] = value - predicted;
  });
  return filtered;
}

function paeth(a: number, b: number, c: number): number {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}
