/** Planes as video codecs decode them, in memories of their own, to rows of pixels in the engine. */
import * as layout from "./assembly/planar-layout.ts";
import { align, type Engine } from "./engine.ts";

export interface Plane {
  /** Address of its first sample. */
  offset: number;
  /** Bytes from row to row. */
  stride: number;
}

/** A decoded picture. Samples above 8 bits have two bytes, little-endian. */
export interface Planes {
  /** The memory the planes are in. */
  heap: Uint8Array;
  width: number;
  height: number;
  bits: number;
  luma: Plane;
  chroma: { cb: Plane; cr: Plane; halfColumns: boolean; halfRows: boolean } | null;
}

/** Which colours luma and chroma stand for. */
export interface ChromaCoding {
  matrix: number;
  primaries: number;
}

/** How samples become red, green and blue: nine weights and three offsets, fractions of 65536. */
export type ColourMatrix = Int32Array;

/** Weights of red and blue in luma, by ISO/IEC 23091-2's number of the matrix; the rest are BT.601. */
const LUMA_WEIGHTS: Readonly<Record<number, readonly [red: number, blue: number]>> = {
  1: [0.2126, 0.0722],
  4: [0.3, 0.11],
  7: [0.212, 0.087],
  9: [0.2627, 0.0593],
};
const BT601 = [0.299, 0.114] as const;
/** The same where the matrix is what the primaries make of it, by their number: BT.709, BT.2020, P3. */
const PRIMARIES_WEIGHTS: typeof LUMA_WEIGHTS = {
  1: [0.2126, 0.0722],
  9: [0.2627, 0.0593],
  12: [0.229, 0.0793],
};
const BY_PRIMARIES = 12;
const IDENTITY = 0;
const YCGCO = 8;

/**
 * @param coding numbers of ISO/IEC 23091-2; null for pictures without chroma
 * @param fullRange else luma is 16 to 235 and chroma 16 to 240, at 8 bits
 */
export function createColourMatrix(
  coding: ChromaCoding | null,
  fullRange: boolean,
  bits: number,
): ColourMatrix {
  const highest = 2 ** bits - 1;
  const step = 2 ** (bits - 8);
  const lumaScale = 255 / (fullRange ? highest : 219 * step);
  const chromaScale = 255 / (fullRange ? highest : 224 * step);
  const lumaZero = fullRange ? 0 : 16 * step;
  const matrix = coding?.matrix;
  const chromaZero = matrix === IDENTITY ? lumaZero : 2 ** (bits - 1);
  const rows = matrixRows(coding);
  return Int32Array.from(
    rows.flatMap(([luma, cb, cr]) => {
      const other = matrix === IDENTITY ? lumaScale : chromaScale;
      const weights = [luma * lumaScale, cb * other, cr * other].map((w) => Math.round(w * 65_536));
      const [a = 0, b = 0, c = 0] = weights;
      return [a, b, c, 32_768 - a * lumaZero - (b + c) * chromaZero];
    }),
  );
}

function matrixRows(coding: ChromaCoding | null): [luma: number, cb: number, cr: number][] {
  if (!coding) return [1, 2, 3].map(() => [1, 0, 0]);
  const { matrix, primaries } = coding;
  // Green, blue and red are stored as they are.
  if (matrix === IDENTITY) {
    return [
      [0, 0, 1],
      [1, 0, 0],
      [0, 1, 0],
    ];
  }
  if (matrix === YCGCO) {
    return [
      [1, -1, 1],
      [1, 1, 0],
      [1, -1, -1],
    ];
  }
  const byPrimaries = matrix === BY_PRIMARIES ? PRIMARIES_WEIGHTS[primaries] : undefined;
  const [red, blue] = byPrimaries ?? LUMA_WEIGHTS[matrix] ?? BT601;
  const green = 1 - red - blue;
  const [fromCr, fromCb] = [2 * (1 - red), 2 * (1 - blue)];
  return [
    [1, 0, fromCr],
    [1, (-blue * fromCb) / green, (-red * fromCr) / green],
    [1, fromCb, 0],
  ];
}

/** Rows that are copied into the engine at a time; even, so that chroma rows are never split. */
const BLOCK_ROWS = 16;
const SLACK_BYTES = 16;

/** Bytes of the engine's arena that `createPlanarReader` takes, for rows up to `width` wide. */
export function planarReaderBytes(width: number, bits: number): number {
  return align(layout.JOB_BYTES) + 3 * align(planeBytes(width, bits));
}

const planeBytes = (width: number, bits: number): number =>
  BLOCK_ROWS * width * (bits > 8 ? 2 : 1) + SLACK_BYTES;

/** Rows in the engine. */
export interface Target {
  pointer: number;
  /** Bytes from row to row. */
  stride: number;
}

export interface PlanarReader {
  /** Rows of RGB; of RGBA where `alpha` has bytes for them. `y` is even. */
  toRgb(planes: Planes, matrix: ColourMatrix, rows: Rows, target: Target, alpha?: Target): void;
  /** Rows of luma, a byte a pixel. */
  toBytes(planes: Planes, fullRange: boolean, rows: Rows, target: Target): void;
}

/** Those of a picture's rows, and of their pixels, that are wanted. */
export interface Rows {
  y: number;
  rows: number;
  width: number;
}

export function createPlanarReader(engine: Engine, width: number, bits: number): PlanarReader {
  const job = engine.allocate(planarReaderBytes(width, bits));
  const room = align(planeBytes(width, bits));
  const [luma, cb, cr] = [0, 1, 2].map((k) => job + align(layout.JOB_BYTES) + k * room) as [
    number,
    number,
    number,
  ];

  /** Rows packed into the engine; returns their stride. */
  function bring(
    planes: Planes,
    plane: Plane,
    to: number,
    y: number,
    rows: number,
    samples: number,
  ) {
    const bytes = samples * (planes.bits > 8 ? 2 : 1);
    const memory = engine.view(to, rows * bytes);
    for (let row = 0; row < rows; row++) {
      const from = plane.offset + (y + row) * plane.stride;
      memory.set(planes.heap.subarray(from, from + bytes), row * bytes);
    }
    return bytes;
  }

  function* blocks({ y, rows }: Rows): Generator<{ y: number; rows: number; done: number }> {
    for (let done = 0; done < rows; done += BLOCK_ROWS) {
      yield { y: y + done, rows: Math.min(BLOCK_ROWS, rows - done), done };
    }
  }

  return {
    toRgb(planes, matrix, wanted, target, alpha) {
      const { chroma } = planes;
      for (const { y, rows, done } of blocks(wanted)) {
        const lumaStride = bring(planes, planes.luma, luma, y, rows, wanted.width);
        let chromaStride = lumaStride;
        if (chroma) {
          const first = chroma.halfRows ? y >> 1 : y;
          const count = chroma.halfRows ? (rows + 1) >> 1 : rows;
          const samples = chroma.halfColumns ? (wanted.width + 1) >> 1 : wanted.width;
          chromaStride = bring(planes, chroma.cb, cb, first, count, samples);
          bring(planes, chroma.cr, cr, first, count, samples);
        }
        const words = new Int32Array(engine.memory, job, layout.JOB_BYTES / 4);
        const put = (at: number, value: number) => (words[at / 4] = value);
        put(layout.LUMA, luma);
        put(layout.CB, chroma ? cb : luma);
        put(layout.CR, chroma ? cr : luma);
        put(layout.LUMA_STRIDE, lumaStride);
        put(layout.CHROMA_STRIDE, chromaStride);
        put(layout.ALPHA, alpha ? alpha.pointer + done * alpha.stride : 0);
        put(layout.ALPHA_STRIDE, alpha?.stride ?? 0);
        put(layout.WIDE, planes.bits > 8 ? 1 : 0);
        put(layout.HALF_COLUMNS, chroma?.halfColumns ? 1 : 0);
        put(layout.HALF_ROWS, chroma?.halfRows ? 1 : 0);
        put(layout.WIDTH, wanted.width);
        put(layout.ROWS, rows);
        put(layout.TARGET, target.pointer + done * target.stride);
        put(layout.TARGET_STRIDE, target.stride);
        words.set(matrix, layout.MATRIX / 4);
        engine.exports.planarToRgb(job);
      }
    },

    toBytes(planes, fullRange, wanted, target) {
      const wide = planes.bits > 8 ? 1 : 0;
      const [scale = 0, , , offset = 0] = createColourMatrix(null, fullRange, planes.bits);
      for (const { y, rows, done } of blocks(wanted)) {
        const stride = bring(planes, planes.luma, luma, y, rows, wanted.width);
        for (let row = 0; row < rows; row++) {
          const to = target.pointer + (done + row) * target.stride;
          engine.exports.planeToBytes(luma + row * stride, wide, to, wanted.width, scale, offset);
        }
      }
    },
  };
}
