/** A sensor's rows as light, a few at a time, with what is beyond the edges mirrored. */
import type { ByteSource } from "../../../pipeline/bytes.ts";
import type { Workspace } from "../../../pipeline/memory.ts";
import { STRIP_ROWS } from "../../../pipeline/picture.ts";
import { packedRowBytes } from "../../tiff/samples.ts";
import { describePacking, type SegmentTable } from "../../tiff/segment-table.ts";
import { createRowReader, segmentMemory } from "../../tiff/segments.ts";
import { createRowDeveloper, MARGIN, rowDeveloperBytes, type RowDeveloper } from "./row-light.ts";
import type { Sensor } from "./sensor.ts";

/** Of the crop that are handed out at a time. */
export const BAND_ROWS = STRIP_ROWS;

/** Rows of the crop, with MARGIN rows above and below, and MARGIN pixels left and right. */
export interface Lines extends Pick<RowDeveloper, "peak" | "setWhite"> {
  /** 65,535 is white, at `stride` samples a row. */
  readonly light: Uint16Array;
  readonly stride: number;
  /** Makes the crop's row `y` the one to be read next. */
  seek(y: number): Promise<void>;
  /** Makes `light` begin MARGIN rows above the next row, and passes up to BAND_ROWS of them. */
  read(rows: number): Promise<void>;
  close(): Promise<void>;
}

function sizesOf({ layout, crop }: Sensor) {
  const rows = BAND_ROWS + 2 * MARGIN;
  const stride = (crop.width + 2 * MARGIN) * layout.samples;
  const rowBytes = packedRowBytes(layout.width, describePacking(layout));
  return { stride, rowBytes, light: rows * stride * 2, packed: rows * rowBytes };
}

/** Upper bound, in bytes. */
export function linesMemory(sensor: Sensor): number {
  const { light, packed } = sizesOf(sensor);
  return segmentMemory(sensor.layout) + light + packed + rowDeveloperBytes(sensor);
}

/** To be sought in before it is read. */
export function createLines(
  source: ByteSource,
  sensor: Sensor,
  segments: SegmentTable,
  workspace: Workspace,
): Lines {
  const { layout, active, crop } = sensor;
  const { stride, rowBytes, ...bytes } = sizesOf(sensor);
  const packed = workspace.allocate(bytes.packed);
  const light = new Uint16Array(workspace.allocate(bytes.light).buffer);
  const develop = createRowDeveloper(sensor, workspace);
  const rows = createRowReader(source, layout, segments, 0, workspace);
  const rowsPacked = bytes.packed / rowBytes;
  const bottom = active.y + active.height;
  // Rows of the file: the next to be read, the one that `light` begins with, and the one it is to.
  let [next, first, wantedFirst] = [0, 0, 0];
  /** Rows that `light` has, those above the active area among them. */
  let filled = 0;

  /** Copies a row of `light` to one that mirrors it. */
  const copy = (from: number, to: number) =>
    light.copyWithin(to * stride, from * stride, (from + 1) * stride);

  return {
    light,
    stride,
    async seek(y) {
      first = crop.y + y - MARGIN;
      wantedFirst = first;
      const top = Math.max(active.y, first);
      filled = top - first;
      const segmentRow = Math.floor(top / layout.segments.height);
      await rows.seek(segmentRow);
      for (next = segmentRow * layout.segments.height; next < top;) {
        const count = Math.min(rowsPacked, top - next);
        await rows.read(packed.subarray(0, count * rowBytes));
        next += count;
      }
    },
    async read(count) {
      const passed = wantedFirst - first;
      light.copyWithin(0, passed * stride, filled * stride);
      filled -= passed;
      first = wantedFirst;
      wantedFirst += count;
      const wanted = count + 2 * MARGIN;
      const missing = Math.min(first + wanted, bottom) - next;
      if (missing > 0) {
        await rows.read(packed.subarray(0, missing * rowBytes));
        for (let i = 0; i < missing; i++, next++, filled++) {
          develop.row(packed, i * rowBytes, next, light, filled * stride);
        }
      }
      for (let row = first; row < active.y; row++) {
        copy(2 * active.y - row - first, row - first);
      }
      for (; filled < wanted; filled++) copy(2 * (bottom - 1 - first) - filled, filled);
    },
    peak: develop.peak,
    setWhite: develop.setWhite,
    close: async () => await rows.close(),
  };
}
