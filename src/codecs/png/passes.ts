/**
 * Interlaced PNGs by rows (PNG specification, clause 8.2: Adam7). The seven passes lie behind each
 * other in one zlib stream, and every few rows need all of them: so it is inflated seven times at
 * once, each time up to the end of a pass, which makes twice the work in all.
 */
import { ENGINE, ENGINE_BASE_BYTES, PAGE_BYTES, type Engine } from "../../kernels/engine.ts";
import { kernelBufferBytes } from "../../kernels/png-filter.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Strip } from "../../pipeline/picture.ts";
import { ZLIB_STREAM_BYTES } from "../zlib-stream.ts";
import { PORTION_BYTES, readImageDataInPortions } from "./chunks.ts";
import type { PngHeader } from "./header.ts";
import type { Layout } from "./layout.ts";
import { openRows, rowReaderBytes } from "./rows.ts";

/** Where a pass begins in each eight by eight pixels, and how far apart its pixels are. */
const ADAM7 = [
  { x: 0, y: 0, xStep: 8, yStep: 8 },
  { x: 4, y: 0, xStep: 8, yStep: 8 },
  { x: 0, y: 4, xStep: 4, yStep: 8 },
  { x: 2, y: 0, xStep: 4, yStep: 4 },
  { x: 0, y: 2, xStep: 2, yStep: 4 },
  { x: 1, y: 0, xStep: 2, yStep: 2 },
  { x: 0, y: 1, xStep: 1, yStep: 2 },
] as const;

interface Pass {
  place: (typeof ADAM7)[number];
  /** As if the pass were a picture. */
  header: PngHeader;
  layout: Layout;
  /** Where it begins in the inflated stream. */
  start: number;
}

/** Those that have pixels. */
function listPasses(header: PngHeader, layout: Layout): Pass[] {
  const bits = layout.samples * header.depth;
  let start = 0;
  return ADAM7.flatMap((place) => {
    const width = Math.ceil((header.width - place.x) / place.xStep);
    const height = countRows(header.height, place);
    if (width <= 0 || height <= 0) return [];
    const rowBytes = Math.ceil((width * bits) / 8);
    const pass = {
      ...{ place, start },
      header: { ...header, width, height },
      layout: { ...layout, rowBytes },
    };
    start += height * (rowBytes + 1);
    return [pass];
  });
}

/** A pass's rows of so many of the picture's, from a multiple of eight on. */
const countRows = (rows: number, { y, yStep }: Pass["place"]): number =>
  Math.max(0, Math.ceil((rows - y) / yStep));

const stripRows = ({ height }: PngHeader): number => Math.min(STRIP_ROWS, height);
const stripBytes = (header: PngHeader, { channels }: Layout): number =>
  kernelBufferBytes(stripRows(header) * header.width * channels);

/** Upper bound, in bytes. */
export function passesMemory(header: PngHeader, layout: Layout): number {
  return listPasses(header, layout).reduce(
    (sum, pass) =>
      sum +
      rowReaderBytes(pass.header, pass.layout, countRows(stripRows(header), pass.place)) +
      ZLIB_STREAM_BYTES +
      PORTION_BYTES,
    ENGINE_BASE_BYTES + PAGE_BYTES + stripBytes(header, layout),
  );
}

/** @throws AppError invalid_image, truncated_image */
export async function startPasses(
  source: ByteSource,
  header: PngHeader,
  layout: Layout,
  workspace: Workspace,
): Promise<AsyncIterable<Strip>> {
  const engine = await workspace.take(ENGINE);
  const strip = engine.allocate(stripBytes(header, layout));
  const readers = listPasses(header, layout).map((pass, index, { length }) => {
    const data = readImageDataInPortions(source, header.imageData);
    const rows = countRows(stripRows(header), pass.place);
    // The last one meets all of the stream, so that the others need not see its end.
    const extent = { start: pass.start, readsToEnd: index === length - 1 };
    return { pass, rows: openRows(engine, pass.header, pass.layout, data, rows, extent) };
  });
  return mergePasses(engine, header, layout, readers, strip);
}

interface PassReader {
  pass: Pass;
  rows: ReturnType<typeof openRows>;
}

async function* mergePasses(
  engine: Engine,
  { width, height }: PngHeader,
  { channels }: Layout,
  readers: PassReader[],
  strip: number,
): AsyncGenerator<Strip, void, undefined> {
  const rowBytes = width * channels;
  try {
    for (let y = 0; y < height; y += STRIP_ROWS) {
      const stripRowCount = Math.min(STRIP_ROWS, height - y);
      for (const { pass, rows } of readers) {
        const { place, header } = pass;
        const count = countRows(stripRowCount, place);
        if (count === 0) continue;
        const pixels = await rows.read(count);
        const target = strip + place.y * rowBytes + place.x * channels;
        const [pixelStep, rowStep] = [place.xStep * channels, place.yStep * rowBytes];
        engine.exports.pngSpread(pixels, count, header.width, channels, target, pixelStep, rowStep);
      }
      yield { y, rows: stripRowCount, data: engine.view(strip, stripRowCount * rowBytes) };
    }
  } finally {
    for (const { rows } of readers) await rows.close();
  }
}
