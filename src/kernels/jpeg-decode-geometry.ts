/** How a JPEG picture is cut into MCUs, and what its decoder needs for them. Pure. */
import type { Rect } from "../pipeline/geometry.ts";
import * as layout from "./assembly/jpeg-decode-layout.ts";
import { align, ENGINE_BASE_BYTES, PAGE_BYTES } from "./engine.ts";

export interface SampledComponent {
  /** Sampling factors, 1 to 4. */
  horizontal: number;
  vertical: number;
}

export interface DecoderPlan {
  /** The file's pixels. */
  width: number;
  height: number;
  components: readonly SampledComponent[];
  /** 1, 2, 4 or 8: each side becomes so many times shorter. */
  scale: number;
  /** The part of the reduced picture that is delivered; null is all of it. */
  region: Rect | null;
  /** Whether several scans make up the coefficients. */
  multipleScans: boolean;
  /** Of the whole file, which is held in memory if there are several scans. */
  fileBytes: number;
}

const BLOCK_SIDE = 8;
/** Rows a strip has at least. */
const STRIP_ROWS = 16;
/** What `jpegWriteRows` may write past the last row, and what it reads past a row of samples. */
const OVERRUN_BYTES = 64;
const MAX_COMPONENTS = 4;
/** T.81, B.2.3: blocks in an MCU. */
const MAX_MCU_BLOCKS = 10;

/** Encoders make about ten; each costs a pass over the picture. */
export const MAX_SCANS = 100;
const MAX_TABLES = MAX_SCANS + 12;
const SCAN_WINDOW_BYTES = 8 * 1024;
const STREAM_WINDOW_BYTES = 32 * 1024;
/** Bytes of the file that are handed over at a time. */
export const INPUT_BYTES = 64 * 1024;

export type Geometry = ReturnType<typeof measure>;

/** Sizes and counts in samples, blocks and bytes (libjpeg's jdmaster.c and jdsample.c). */
export function measure(plan: DecoderPlan) {
  const { width, height, components, scale, multipleScans } = plan;
  const alone = components.length === 1;
  const factors = alone ? [{ horizontal: 1, vertical: 1 }] : components;
  const maxHorizontal = Math.max(...factors.map(({ horizontal }) => horizontal));
  const maxVertical = Math.max(...factors.map(({ vertical }) => vertical));
  const side = BLOCK_SIDE / scale;
  const reduced = { width: Math.ceil(width / scale), height: Math.ceil(height / scale) };
  const region = plan.region ?? { x: 0, y: 0, ...reduced };
  const mcus = Math.ceil(width / (BLOCK_SIDE * maxHorizontal));
  const mcuRows = Math.ceil(height / (BLOCK_SIDE * maxVertical));

  /** Interpolation takes one more pixel's sample on either side. */
  const mcuWidth = maxHorizontal * side;
  const firstMcu = Math.floor(Math.max(0, region.x - 1) / mcuWidth);
  const endMcu = Math.min(mcus, Math.ceil((region.x + region.width + 1) / mcuWidth));
  const wantedMcus = endMcu - firstMcu;

  const measured = factors.map(({ horizontal, vertical }) => {
    // Reduced components keep the more of their blocks, the less there is to interpolate then.
    let size = side;
    while (
      size < BLOCK_SIDE &&
      (maxHorizontal * side) % (horizontal * size * 2) === 0 &&
      (maxVertical * side) % (vertical * size * 2) === 0
    ) {
      size *= 2;
    }
    const scaleX = (maxHorizontal * side) / (horizontal * size);
    const scaleY = (maxVertical * side) / (vertical * size);
    const samplesWide = Math.ceil((width * horizontal * size) / (maxHorizontal * BLOCK_SIDE));
    const samplesHigh = Math.ceil((height * vertical * size) / (maxVertical * BLOCK_SIDE));
    const fancy =
      side > 1 &&
      ((scaleX === 2 && scaleY <= 2 && samplesWide > 2) || (scaleX === 1 && scaleY === 2));
    return {
      ...{ horizontal, vertical, size, scaleX, scaleY, samplesWide, samplesHigh, fancy },
      blocksWide: Math.ceil((width * horizontal) / (maxHorizontal * BLOCK_SIDE)),
      blocksHigh: Math.ceil((height * vertical) / (maxVertical * BLOCK_SIDE)),
      stride: align(layout.PLANE_MARGIN + wantedMcus * horizontal * size + OVERRUN_BYTES),
      rows: vertical * size,
    };
  });
  /** Whether pixels depend on the row of MCUs below theirs. */
  const context = measured.some(({ fancy, scaleY }) => fancy && scaleY === 2);
  const rowsPerMcu = maxVertical * side;
  const border = context ? 1 : 0;
  const firstRow = Math.floor(Math.max(0, region.y - border) / rowsPerMcu);
  const endRow = Math.min(mcuRows, Math.ceil((region.y + region.height + border) / rowsPerMcu));
  const channels = components.length as 1 | 3 | 4;
  const stripRows = Math.ceil(STRIP_ROWS / rowsPerMcu) * rowsPerMcu;
  return {
    ...{ mcus, mcuRows, rowsPerMcu, context, region, channels, stripRows, multipleScans },
    ...{ firstMcu, endMcu, firstRow, endRow },
    components: measured,
    ringParts: context ? 3 : 1,
    rowBytes: align(wantedMcus * mcuWidth + 2 * OVERRUN_BYTES),
    stripBytes: region.width * channels * stripRows + OVERRUN_BYTES,
    windowBytes: multipleScans ? SCAN_WINDOW_BYTES : STREAM_WINDOW_BYTES,
    maxTables: multipleScans ? MAX_TABLES : 8,
  };
}

/** Whether the decoder knows what to do with such components. */
export function canMeasure(plan: DecoderPlan): boolean {
  const { components } = measure(plan);
  const blocks = components.reduce((sum, part) => sum + part.horizontal * part.vertical, 0);
  return (
    blocks <= MAX_MCU_BLOCKS &&
    components.every(({ scaleX, scaleY }) => Number.isInteger(scaleX) && Number.isInteger(scaleY))
  );
}

/** Everything the decoder allocates in the engine. An upper bound. */
export function decoderBytes(plan: DecoderPlan): number {
  const geometry = measure(plan);
  const { components, mcus, multipleScans } = geometry;
  const planes = components.reduce((sum, part) => sum + planeBytes(geometry, part), 0);
  const blocks = components.reduce((sum, part) => sum + part.horizontal * part.vertical, 0);
  const coefficients = multipleScans ? mcus * blocks * (128 + 8) + 128 : 0;
  const scans = multipleScans ? MAX_SCANS : 1;
  return (
    ENGINE_BASE_BYTES +
    PAGE_BYTES +
    align(layout.DECODER_BYTES) +
    planes +
    MAX_COMPONENTS * geometry.rowBytes +
    align(geometry.stripBytes) +
    scans * (align(layout.READER_BYTES) + align(geometry.windowBytes)) +
    geometry.maxTables * align(layout.TABLE_BYTES) +
    coefficients +
    align((multipleScans ? plan.fileBytes : INPUT_BYTES) + INPUT_SLACK_BYTES)
  );
}

/** Room before new input for the end of the last. */
export const INPUT_SLACK_BYTES = 64;

export function planeBytes(
  { ringParts }: Pick<Geometry, "ringParts">,
  { stride, rows }: { stride: number; rows: number },
): number {
  return align(stride * rows * ringParts);
}
