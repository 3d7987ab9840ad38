/** Strips as packed rows, and back. */
import { AppError } from "../errors.ts";
import { chunks } from "../pipeline/bytes.ts";
import type { PictureInfo, Strip } from "../pipeline/picture.ts";
import { PIECE_BYTES } from "./byte-stream.ts";

export async function* dataOf(strips: AsyncIterable<Strip>): AsyncGenerator<Uint8Array> {
  for await (const { data } of strips) yield data;
}

/** @throws AppError truncated_image where rows are missing */
export async function* toStrips(
  rows: ReadableStream<Uint8Array>,
  { width, height, channels }: PictureInfo,
): AsyncGenerator<Strip, void, undefined> {
  const rowBytes = width * channels;
  const stripRows = Math.max(1, Math.floor(PIECE_BYTES / rowBytes));
  let y = 0;
  for await (const data of chunks(rows, stripRows * rowBytes)) {
    const count = data.length / rowBytes;
    if (!Number.isInteger(count) || y + count > height) break;
    yield { y, rows: count, data };
    y += count;
  }
  if (y < height) throw new AppError("truncated_image", "The picture ends too early.");
}
