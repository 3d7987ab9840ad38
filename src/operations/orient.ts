/** Turns a picture upright. */
import { STRIP_ROWS, type Orientation, type PictureInfo, type Strip } from "../pipeline/picture.ts";
import type { Turn } from "../pipeline/geometry.ts";
import type { Workspace } from "../pipeline/memory.ts";
import { rewriteBytes, rewriteRows, type Operation } from "./operation.ts";

const turn = (transpose: boolean, flipColumns: boolean, flipRows: boolean): Turn => ({
  transpose,
  flipColumns,
  flipRows,
});

/** By EXIF orientation. */
export const TURNS: Record<Orientation, Turn> = {
  1: turn(false, false, false),
  2: turn(false, true, false),
  3: turn(false, true, true),
  4: turn(false, false, true),
  5: turn(true, false, false),
  6: turn(true, true, false),
  7: turn(true, true, true),
  8: turn(true, false, true),
};

/** Buffers the whole picture unless only columns are reversed, so put it where that is smallest. */
export function orient(input: PictureInfo, orientation: Orientation): Operation | null {
  if (orientation === 1) return null;
  const { width, height, channels } = input;
  const { transpose } = TURNS[orientation];
  const output = transpose ? { ...input, width: height, height: width } : input;
  if (orientation === 2) {
    const rowBytes = width * channels;
    const shape = { inputRowBytes: rowBytes, outputRowBytes: rowBytes };
    return {
      name: "orient",
      output,
      memoryBytes: rewriteBytes(shape),
      run: (strips, workspace) =>
        rewriteRows(strips, shape, workspace, (source, target) =>
          scatter(source, target, 0, source.length / rowBytes, input, TURNS[2]),
        ),
    };
  }
  return {
    name: "orient",
    output,
    memoryBytes: width * height * channels,
    run: (strips, workspace) => turnWhole(strips, workspace, input, orientation),
  };
}

async function* turnWhole(
  strips: AsyncIterable<Strip>,
  workspace: Workspace,
  input: PictureInfo,
  orientation: Orientation,
): AsyncGenerator<Strip, void, undefined> {
  const turned = TURNS[orientation];
  const pixels = workspace.allocate(input.width * input.height * input.channels);
  for await (const { y, rows, data } of strips) scatter(data, pixels, y, rows, input, turned);
  const height = turned.transpose ? input.width : input.height;
  const rowBytes = pixels.length / height;
  for (let y = 0; y < height; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - y);
    yield { y, rows, data: pixels.subarray(y * rowBytes, (y + rows) * rowBytes) };
  }
  workspace.free(pixels);
}

/** Rows `y` to `y + rows` of the picture to where they belong. */
function scatter(
  source: Uint8Array,
  target: Uint8Array,
  y: number,
  rows: number,
  { width, height, channels }: PictureInfo,
  { transpose, flipColumns, flipRows }: Turn,
): void {
  const targetWidth = transpose ? height : width;
  const targetHeight = transpose ? width : height;
  // Bytes from a pixel to where its right and its lower neighbour go.
  const column = flipColumns ? -channels : channels;
  const row = (flipRows ? -targetWidth : targetWidth) * channels;
  const [stepX, stepY] = transpose ? [row, column] : [column, row];
  // Where the picture's first pixel goes. When only columns turn, `target` begins with our rows.
  const originX = flipColumns ? targetWidth - 1 : 0;
  const originY = flipRows ? targetHeight - 1 : 0;
  const start = (originY * targetWidth + originX) * channels + y * stepY;
  // Along the target's rows, as far as the strip goes: neighbours in memory are written together.
  for (let x = 0; x < width; x++) {
    let from = x * channels;
    let to = start + x * stepX;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < channels; c++) target[to + c] = source[from + c] as number;
      from += width * channels;
      to += stepY;
    }
  }
}
