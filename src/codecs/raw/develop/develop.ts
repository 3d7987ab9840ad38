/**
 * A sensor's data to a picture in a window of a few rows: light of the stored values, all colours at
 * each pixel, sRGB. How bright it is to be is found in a first pass over some of the rows.
 */
import type { ByteSource } from "../../../pipeline/bytes.ts";
import type { Size } from "../../../pipeline/geometry.ts";
import type { Workspace } from "../../../pipeline/memory.ts";
import type { DecodePlan, Picture, Strip } from "../../../pipeline/picture.ts";
import { readTable } from "../../tiff/segment-table.ts";
import { binRow, demosaicRow, rowPattern } from "./demosaic.ts";
import { BAND_ROWS, createLines, linesMemory, type Lines } from "./lines.ts";
import { MARGIN } from "./row-light.ts";
import type { Sensor } from "./sensor.ts";
import { countBrightness, createCurve, TONE_BYTES, toSrgb } from "./tone.ts";

/** Parts of the picture that its brightness is judged by, at most. */
const MAX_PARTS = 64;
/** Of the rows there, one of so many is. */
const SAMPLE_STEP = 4;
/** How bright a picture's brightest pixel must be to be taken for a sensor's limit, as dcraw does. */
const LEAST_FULL = 0.75;
const FULL_LIGHT = 65_535;

/** A square of four pixels becomes one where half the size is enough. */
export const scalesOf = ({ pattern }: Sensor): readonly number[] => (pattern ? [1, 2] : [1]);

const sizeOf = ({ crop }: Sensor, scale: number): Size => ({
  width: Math.ceil(crop.width / scale),
  height: Math.ceil(crop.height / scale),
});

/** Upper bound, in bytes. */
export function developMemory(sensor: Sensor, { scale }: DecodePlan): number {
  const { width } = sizeOf(sensor, scale);
  return linesMemory(sensor) + TONE_BYTES + sensor.crop.width * 6 + width * BAND_ROWS * 3;
}

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function develop(
  source: ByteSource,
  sensor: Sensor,
  { scale }: DecodePlan,
  workspace: Workspace,
): Promise<Picture> {
  const table = await readTable(source, sensor.layout, workspace);
  const lines = createLines(source, sensor, table, workspace);
  const rgb = new Uint16Array(workspace.allocate(sensor.crop.width * 6).buffer);
  const size = sizeOf(sensor, scale);
  const target = workspace.allocate(size.width * BAND_ROWS * 3);

  async function* strips(): AsyncGenerator<Strip, void, undefined> {
    const { crop, colour } = sensor;
    const readRow = scale === 2 ? createBin(sensor, lines) : createFull(sensor, lines);
    try {
      const curve = createCurve(await findWhite(sensor, lines, rgb));
      await lines.seek(0);
      for (let y = 0; y < crop.height; y += BAND_ROWS) {
        const count = Math.min(BAND_ROWS, crop.height - y);
        await lines.read(count);
        const rows = Math.ceil(count / scale);
        for (let row = 0; row < rows; row++) {
          readRow(y, row * scale, rgb);
          toSrgb(rgb, size.width, colour, curve, target, row * size.width * 3);
        }
        yield { y: y / scale, rows, data: target.subarray(0, rows * size.width * 3) };
      }
    } finally {
      await lines.close();
    }
  }

  return { ...size, channels: 3, icc: null, strips: strips() };
}

/**
 * Makes a row of the camera's colours.
 * @param y the crop's row that `lines` have first
 * @param row from there on
 */
type ReadRow = (y: number, row: number, rgb: Uint16Array) => void;

function createFull({ pattern, crop, active }: Sensor, { light, stride }: Lines): ReadRow {
  const { width } = crop;
  if (!pattern) {
    return (_y, row, rgb) => {
      const from = (MARGIN + row) * stride + MARGIN * 3;
      for (let i = 0; i < width * 3; i++) rgb[i] = light[from + i] as number;
    };
  }
  return (y, row, rgb) => {
    const at = (MARGIN + row) * stride + MARGIN;
    const colours = rowPattern(pattern, crop.x - active.x, crop.y - active.y + y + row);
    demosaicRow(light, stride, at, width, colours, rgb);
  };
}

/** Squares of four pixels; there is no need for them where pixels have all colours. */
function createBin(sensor: Sensor, lines: Lines): ReadRow {
  const { pattern, crop, active } = sensor;
  const { light, stride } = lines;
  if (!pattern) return createFull(sensor, lines);
  const squares = Math.ceil(crop.width / 2);
  return (y, row, rgb) => {
    const at = (MARGIN + row) * stride + MARGIN;
    const colours = rowPattern(pattern, crop.x - active.x, crop.y - active.y + y + row);
    binRow(light, stride, at, squares, colours, rgb);
  };
}

/**
 * Judges the brightness by some rows of up to MAX_PARTS parts, the whole where there are fewer. Where
 * the brightest pixels are not quite white, they are taken for what the sensor can hold at most: in
 * the colours that it sees less of, lamps would have a tint.
 * @returns the level of light that is to be white in the picture
 */
async function findWhite(sensor: Sensor, lines: Lines, rgb: Uint16Array): Promise<number> {
  const { crop, pattern, colour } = sensor;
  const brightness = countBrightness(colour);
  const readRow = createBin(sensor, lines);
  const pixels = pattern ? Math.ceil(crop.width / 2) : crop.width;
  for (const { from, end } of chooseParts(sensor)) {
    await lines.seek(from);
    for (let y = from; y < end; y += BAND_ROWS) {
      const count = Math.min(BAND_ROWS, end - y);
      await lines.read(count);
      for (let row = 0; row < count; row += SAMPLE_STEP) {
        readRow(y, row, rgb);
        brightness.add(rgb, pixels);
      }
    }
  }
  const peak = lines.peak();
  const isFull = peak > LEAST_FULL && peak < 1;
  lines.setWhite(isFull ? peak : 1);
  return Math.min(FULL_LIGHT, brightness.white() / (isFull ? peak : 1));
}

/** Rows of the crop, such that no strip or tile is decoded for more than one part. */
function chooseParts({ crop, layout }: Sensor): { from: number; end: number }[] {
  const partRows = Math.max(layout.segments.height, BAND_ROWS + 2 * MARGIN);
  const parts = Math.ceil((crop.y + crop.height) / partRows);
  if (parts <= MAX_PARTS) return [{ from: 0, end: crop.height }];
  return Array.from({ length: MAX_PARTS }, (_, i) => {
    const start = Math.floor((i * parts) / MAX_PARTS) * partRows - crop.y;
    const end = Math.min(crop.height, start + partRows - MARGIN);
    return { from: Math.max(0, start + MARGIN), end };
  });
}
