/** A codestream → rows, tile by tile: each is decoded as a whole, and a row of them is held. */
import { readAll, slice, type ByteSource } from "../../pipeline/bytes.ts";
import { AppError } from "../../errors.ts";
import type { Rect } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Strip } from "../../pipeline/picture.ts";
import { conversionBytes, createConvert, type Colour } from "./colour.ts";
import { damaged } from "./failures.ts";
import type { Component, MainHeader } from "./markers.ts";
import { OPENJPEG, type Openjpeg } from "./openjpeg.ts";
import { gridOf, listParts, samplesOf, tileArea, tileCodestream, tileHeader } from "./tiles.ts";

export interface Coded {
  codestream: ByteSource;
  header: MainHeader;
  colour: Colour;
}

const STRIP_ROWS = 64;

const isOneTile = (header: MainHeader): boolean => {
  const { columns, rows } = gridOf(header);
  return columns * rows === 1;
};

/** What decoding holds beside OpenJPEG's memory. */
export function bufferBytes({ codestream, header, colour }: Coded, scale: number): number {
  const { width } = wholeOf(header, scale);
  const held = isOneTile(header) ? 0 : codestream.size;
  const rowsBytes = width * tallestTile(header, scale) * colour.channels;
  return held + rowsBytes + width * colour.samples.length + conversionBytes(colour, width);
}

const firstOf = ({ components }: MainHeader): Component => components[0] as Component;

/** The whole picture, in the samples of its first component. */
export const wholeOf = (header: MainHeader, scale: number): Rect =>
  samplesOf(header, firstOf(header), scale);

function tallestTile(header: MainHeader, scale: number): number {
  const { rows } = gridOf(header);
  const heights = [0, 1, rows - 1].map(
    (row) => samplesOf(tileArea(header, 0, Math.min(row, rows - 1)), firstOf(header), scale).height,
  );
  return Math.max(...heights);
}

/**
 * @param scale one of `scalesOf`
 * @param limitBytes what OpenJPEG's memory may grow to
 * @throws AppError invalid_image, truncated_image
 */
export async function* decode(
  coded: Coded,
  scale: number,
  limitBytes: number,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { header, colour } = coded;
  const whole = wholeOf(header, scale);
  const { columns, rows } = gridOf(header);
  const instance = await workspace.take(OPENJPEG, limitBytes);
  instance.limitBytes = limitBytes;
  const tiles = await openTiles(coded, instance, workspace);
  const rowBytes = whole.width * colour.channels;
  const held = workspace.allocate(rowBytes * tallestTile(header, scale));
  const samples = workspace.allocate(whole.width * colour.samples.length);
  const convert = await createConvert(colour, whole.width, workspace);
  const wanted = Math.max(...colour.samples.map(({ component }) => component)) + 1;
  for (let row = 0; row < rows; row++) {
    const { y, height } = samplesOf(tileArea(header, 0, row), firstOf(header), scale);
    for (let column = 0; column < columns; column++) {
      const area = tileArea(header, column, row);
      const boxes = header.components.map((component) => samplesOf(area, component, scale));
      const tile = boxes[0] as Rect;
      if (tile.width === 0 || height === 0) continue;
      const data = tiles(column, row);
      const counts = { wanted, components: boxes.length };
      const isSound = instance.decode(data, counts, Math.log2(scale), (planes) => {
        const read = createReader(instance, planes, boxes, coded);
        for (let line = 0; line < height; line++) {
          read(line, samples);
          const start = line * rowBytes + (tile.x - whole.x) * colour.channels;
          convert(samples, held.subarray(start), tile.width);
        }
      });
      instance.api.free(data.pointer);
      if (!isSound) throw damaged("The JPEG 2000 file's data are damaged.");
    }
    for (let line = 0; line < height; line += STRIP_ROWS) {
      const count = Math.min(STRIP_ROWS, height - line);
      const data = held.subarray(line * rowBytes, (line + count) * rowBytes);
      yield { y: y - whole.y + line, rows: count, data };
    }
  }
}

/** A codestream in OpenJPEG's memory. */
interface Placed {
  pointer: number;
  bytes: number;
}

/** A file of one tile goes there at once; of several, each is put there as it is asked for. */
async function openTiles(
  { codestream, header }: Coded,
  instance: Openjpeg,
  workspace: Workspace,
): Promise<(column: number, row: number) => Placed> {
  const rest = slice(codestream, header.tilesOffset, codestream.size);
  if (isOneTile(header)) {
    const head = tileHeader(header, 0, 0);
    const placed = place(instance, head.length + rest.size);
    const start = placed.pointer + head.length;
    instance.heap.set(head, placed.pointer);
    await readAll(rest, (offset, chunk) => instance.heap.set(chunk, start + offset));
    listParts(instance.heap.subarray(start, start + rest.size), header);
    return () => placed;
  }
  const data = workspace.allocate(rest.size);
  await readAll(rest, (offset, chunk) => data.set(chunk, offset));
  const parts = listParts(data, header);
  const { columns } = gridOf(header);
  return (column, row) => {
    const own = parts[row * columns + column] ?? [];
    const pieces = tileCodestream(header, data, own, column, row);
    const placed = place(
      instance,
      pieces.reduce((sum, piece) => sum + piece.length, 0),
    );
    let at = placed.pointer;
    for (const piece of pieces) {
      instance.heap.set(piece, at);
      at += piece.length;
    }
    return placed;
  };
}

/** @throws AppError memory_limit where a tile is larger than any can be that makes sense */
function place(instance: Openjpeg, bytes: number): Placed {
  const pointer = instance.allocate(bytes);
  if (pointer > 0) return { pointer, bytes };
  throw new AppError("memory_limit", "A tile of the JPEG 2000 file is too large for its pixels.", {
    limit: "memory_plan",
    limit_bytes: instance.limitBytes,
    needed_bytes: bytes,
  });
}

/** Reads rows of a tile: of each pixel what its colour is made of, in 8 bits. */
function createReader(
  { heap }: Openjpeg,
  planes: readonly number[],
  boxes: readonly Rect[],
  { header: { components }, colour }: Coded,
): (line: number, samples: Uint8Array) => void {
  const first = components[0] as Component;
  const tile = boxes[0] as Rect;
  const step = colour.samples.length;
  const sources = colour.samples.map(({ component, table, lowest }) => {
    const box = boxes[component] as Rect;
    const { dx, dy } = components[component] as Component;
    const values = new Int32Array(heap.buffer, planes[component], box.width * box.height);
    return { box, values, table, lowest, across: dx / first.dx, down: dy / first.dy };
  });
  return (line, samples) => {
    for (const [index, { box, values, table, lowest, across, down }] of sources.entries()) {
      const row = Math.max(0, Math.floor((tile.y + line) / down) - box.y);
      const start = Math.min(row, box.height - 1) * box.width;
      for (let x = 0, to = index; x < tile.width; x++, to += step) {
        const column = across === 1 ? x : Math.max(0, Math.floor((tile.x + x) / across) - box.x);
        const value = values[start + Math.min(column, box.width - 1)] as number;
        samples[to] = table[value - lowest] as number;
      }
    }
  };
}
