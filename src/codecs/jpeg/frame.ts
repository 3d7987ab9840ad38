/** The tables and headers of a baseline frame. */
import { ZIGZAG, type HuffmanTables, type Sampling } from "../../kernels/jpeg-encoder.ts";
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
}

/** Everything before the entropy-coded data of a baseline file with one scan. */
export function writeHeader(frame: FrameHeader, tables: HuffmanTables): Uint8Array<ArrayBuffer> {
  const { width, height, sampling, quantisation, metadata } = frame;
  const components = sampling === "gray" ? [1] : [1, 2, 3];
  const luma = sampling === "4:2:0" ? 0x22 : 0x11;
  const used = components.length === 1 ? 1 : 2;
  const quantisationTables = quantisation
    .slice(0, used)
    .map((divisors, id) => Uint8Array.of(id, ...ZIGZAG.map((index) => divisors[index] ?? 1)));
  const huffmanTables = tables
    .slice(0, 2 * used)
    .map(({ counts, symbols }, i) =>
      Uint8Array.of(((i & 1) << 4) | (i >> 1), ...counts, ...symbols),
    );
  return concat([
    writeStart(metadata),
    writeSegment(0xdb, ...quantisationTables),
    writeSegment(
      0xc0,
      [8, height >> 8, height & 255, width >> 8, width & 255, components.length],
      components.flatMap((id) => (id === 1 ? [id, luma, 0] : [id, 0x11, 1])),
    ),
    writeSegment(0xc4, ...huffmanTables),
    writeSegment(
      0xda,
      [components.length],
      components.flatMap((id) => (id === 1 ? [id, 0x00] : [id, 0x11])),
      [0, 63, 0],
    ),
  ]);
}
