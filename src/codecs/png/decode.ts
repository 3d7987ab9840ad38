/** Pixels of a PNG that is not interlaced, a strip at a time. */
import { ENGINE, ENGINE_BASE_BYTES, PAGE_BYTES, type Engine } from "../../kernels/engine.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Strip } from "../../pipeline/picture.ts";
import { ZLIB_STREAM_BYTES } from "../zlib-stream.ts";
import { readImageData } from "./chunks.ts";
import type { PngHeader } from "./header.ts";
import type { Layout } from "./layout.ts";
import { openRows, rowReaderBytes } from "./rows.ts";

/** The file's bytes on their way to zlib. */
const INPUT_BYTES = 256 * 1024;

const mostRows = ({ height }: PngHeader): number => Math.min(STRIP_ROWS, height);

/** Upper bound, in bytes. */
export function decodeMemory(header: PngHeader, layout: Layout): number {
  const arena = rowReaderBytes(header, layout, mostRows(header));
  return ENGINE_BASE_BYTES + arena + PAGE_BYTES + ZLIB_STREAM_BYTES + INPUT_BYTES;
}

/** @throws AppError invalid_image, truncated_image */
export async function startDecode(
  source: ByteSource,
  header: PngHeader,
  layout: Layout,
  workspace: Workspace,
): Promise<AsyncIterable<Strip>> {
  const engine = await workspace.take(ENGINE);
  const data = readImageData(source, header.imageData);
  const extent = { start: 0, readsToEnd: true };
  const reader = openRows(engine, header, layout, data, mostRows(header), extent);
  return decodeStrips(engine, header, layout, reader);
}

async function* decodeStrips(
  engine: Engine,
  { width, height }: PngHeader,
  { channels }: Layout,
  reader: ReturnType<typeof openRows>,
): AsyncGenerator<Strip, void, undefined> {
  try {
    for (let y = 0; y < height; y += STRIP_ROWS) {
      const rows = Math.min(STRIP_ROWS, height - y);
      const pixels = await reader.read(rows);
      yield { y, rows, data: engine.view(pixels, rows * width * channels) };
    }
  } finally {
    await reader.close();
  }
}
