/** Lossless pictures (VP8L, RFC 9649) to strips with our own kernel; the coded picture is held. */
import { align, ENGINE } from "../../kernels/engine.ts";
import { startVp8lDecoder, vp8lDecoderBytes, type Vp8lPlan } from "../../kernels/vp8l-decoder.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Strip } from "../../pipeline/picture.ts";
import { checkVp8l } from "./failures.ts";
import { copyInto, type Place } from "./input.ts";

export interface LosslessPicture {
  width: number;
  height: number;
  channels: 3 | 4;
  /** Where its data is, behind its sizes. */
  place: Place;
}

const OVERRUN_BYTES = 16;

const toPlan = ({ width, height, place }: LosslessPicture): Vp8lPlan => {
  return { width, height, inputBytes: place.end - place.offset };
};

const stripBytes = ({ width, channels }: LosslessPicture): number =>
  align(width * channels * STRIP_ROWS + OVERRUN_BYTES);

/** Bytes of the engine's memory, an upper bound. */
export const planLossless = (picture: LosslessPicture): number =>
  vp8lDecoderBytes(toPlan(picture)) + stripBytes(picture);

/** @throws AppError invalid_image, truncated_image, memory_limit; the strips throw them, too */
export async function decodeLossless(
  bytes: ByteSource,
  picture: LosslessPicture,
  workspace: Workspace,
): Promise<AsyncGenerator<Strip>> {
  const { width, height, channels, place } = picture;
  const engine = await workspace.take(ENGINE, planLossless(picture));
  const decoder = startVp8lDecoder(engine, toPlan(picture));
  const strip = engine.allocate(stripBytes(picture));
  await copyInto(engine, decoder.input, bytes, place);
  checkVp8l(decoder.readHeader());
  const rowBytes = width * channels;
  // Async only in form: the file is in memory, and nothing here waits.
  return (async function* () {
    for (let y = 0; y < height; y += STRIP_ROWS) {
      const rows = Math.min(STRIP_ROWS, height - y);
      for (let i = 0; i < rows; i++) {
        checkVp8l(decoder.readRow());
        decoder.writeRow(strip + i * rowBytes, channels);
      }
      yield { y, rows, data: engine.view(strip, rows * rowBytes) };
    }
  })();
}
