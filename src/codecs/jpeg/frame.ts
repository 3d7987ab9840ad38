/** The tables and headers of frames and scans. */
import {
  ZIGZAG,
  type HuffmanTable,
  type HuffmanTables,
  type Sampling,
} from "../../kernels/jpeg-encoder.ts";
import type { Scan } from "../../kernels/jpeg-smallest.ts";
import type { Metadata } from "../../pipeline/picture.ts";
import { concat } from "../concat.ts";
import { writeSegment, writeStart } from "./segments.ts";

export interface FrameHeader {
  width: number;
  height: number;
  sampling: Sampling;
  /** In natural order. */
  quantisation: readonly [Uint8Array, Uint8Array];
  metadata: Metadata;
  /** MCUs between restart markers, 0 for none. */
  restartInterval: number;
}

/** Components by their ids in the file, 1 to 3. */
const listIds = (sampling: Sampling): number[] => (sampling === "gray" ? [1] : [1, 2, 3]);

const NOTHING = new Uint8Array(0);
const HUFFMAN = 0xc4;
const RESTART_INTERVAL = 0xdd;
const SCAN = 0xda;

/** Everything before the Huffman tables: metadata, quantisation tables, the frame. */
export function writeFrame(frame: FrameHeader, progressive: boolean): Uint8Array<ArrayBuffer> {
  const { width, height, sampling, quantisation, metadata } = frame;
  const ids = listIds(sampling);
  const luma = sampling === "4:2:0" ? 0x22 : 0x11;
  const quantisationTables = quantisation
    .slice(0, ids.length === 1 ? 1 : 2)
    .map((divisors, id) => Uint8Array.of(id, ...ZIGZAG.map((index) => divisors[index] ?? 1)));
  return concat([
    writeStart(metadata),
    writeSegment(0xdb, ...quantisationTables),
    writeSegment(
      progressive ? 0xc2 : 0xc0,
      [8, height >> 8, height & 255, width >> 8, width & 255, ids.length],
      ids.flatMap((id) => (id === 1 ? [id, luma, 0] : [id, 0x11, 1])),
    ),
  ]);
}

/** Everything before the entropy-coded data of a baseline file with one scan. */
export function writeHeader(frame: FrameHeader, tables: HuffmanTables): Uint8Array<ArrayBuffer> {
  const ids = listIds(frame.sampling);
  const interval = frame.restartInterval;
  const huffmanTables = tables
    .slice(0, ids.length === 1 ? 2 : 4)
    .map(({ counts, symbols }, i) =>
      Uint8Array.of(((i & 1) << 4) | (i >> 1), ...counts, ...symbols),
    );
  return concat([
    writeFrame(frame, false),
    writeSegment(HUFFMAN, ...huffmanTables),
    interval > 0 ? writeSegment(RESTART_INTERVAL, [interval >> 8, interval & 255]) : NOTHING,
    writeSegment(
      SCAN,
      [ids.length],
      ids.flatMap((id) => (id === 1 ? [id, 0x00] : [id, 0x11])),
      [0, 63, 0],
    ),
  ]);
}

/** A progressive scan's own table and its header. */
export function writeScanHeader(scan: Scan, table: HuffmanTable): Uint8Array<ArrayBuffer> {
  const { component, first, last, high, low } = scan;
  const destination = last === 0 ? 0x00 : 0x10;
  return concat([
    writeSegment(HUFFMAN, [destination], table.counts, table.symbols),
    writeSegment(SCAN, [1, component + 1, 0, first, last, (high << 4) | low]),
  ]);
}
