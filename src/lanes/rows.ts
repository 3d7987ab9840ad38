/** Strips as packed rows, and back. An animation is one long strip of film: rows of all its frames. */
import { AppError } from "../errors.ts";
import { chunks } from "../pipeline/bytes.ts";
import type { Workspace } from "../pipeline/memory.ts";
import type { Frame, PictureInfo, Strip } from "../pipeline/picture.ts";
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

/** In front of each frame there is a row that says how long it is shown. */
export async function* dataOfFrames(
  frames: AsyncIterable<Frame>,
  workspace: Workspace,
): AsyncGenerator<Uint8Array> {
  for await (const { width, channels, durationMs, strips } of frames) {
    const head = new Uint8Array(width * channels);
    new DataView(head.buffer).setFloat32(0, durationMs);
    yield head;
    const mark = workspace.mark();
    yield* dataOf(strips);
    workspace.rewind(mark);
  }
}

/**
 * @param frame of RGBA, as all are
 * @throws AppError truncated_image where rows are missing
 */
export async function* toFrames(
  rows: ReadableStream<Uint8Array>,
  frame: PictureInfo,
  count: number,
): AsyncGenerator<Frame, void, undefined> {
  const { height } = frame;
  const period = height + 1;
  const film = splitAtHeads(toStrips(rows, { ...frame, height: count * period }), frame);
  const next = async (): Promise<Strip> => {
    const { value, done } = await film.next();
    if (done) throw new AppError("truncated_image", "The animation ends too early.");
    return value;
  };
  try {
    for (let done = 0; done < count; done++) {
      const { buffer, byteOffset } = (await next()).data;
      const durationMs = new DataView(buffer, byteOffset).getFloat32(0);
      let y = 0;
      async function* strips(): AsyncGenerator<Strip, void, undefined> {
        while (y < height) {
          const strip = { ...(await next()), y };
          y += strip.rows;
          yield strip;
        }
      }
      yield { ...frame, durationMs, strips: strips() };
      // Those that nobody wanted.
      while (y < height) y += (await next()).rows;
    }
    // The stream's end is to be seen: until then the other side waits.
    await film.next();
  } finally {
    await film.return();
  }
}

/** Strips of which those that begin with a frame's head have no other row. */
async function* splitAtHeads(
  strips: AsyncIterable<Strip>,
  { width, height, channels }: PictureInfo,
): AsyncGenerator<Strip, void, undefined> {
  const period = height + 1;
  const rowBytes = width * channels;
  for await (const { y, rows, data } of strips) {
    for (let row = 0; row < rows;) {
      const inFrame = (y + row) % period;
      const count = inFrame === 0 ? 1 : Math.min(rows - row, period - inFrame);
      const part = data.subarray(row * rowBytes, (row + count) * rowBytes);
      yield { y: y + row, rows: count, data: part };
      row += count;
    }
  }
}
