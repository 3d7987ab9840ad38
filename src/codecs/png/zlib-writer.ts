/**
 * One zlib stream (RFC 1950) of two encoders by turns: the engine's, which knows runs and nothing
 * else, and node:zlib's, which searches. Where they change the stream is at a whole byte, and
 * node:zlib's starts with an empty window: it never refers to what the other has written.
 */
import { startDeflater, DEFLATER_BYTES } from "../../kernels/deflater.ts";
import type { Engine } from "../../kernels/engine.ts";
import {
  createRawDeflatePump,
  ZLIB_STREAM_BYTES,
  type DeflatePump,
  type DeflateSettings,
} from "../zlib-stream.ts";

/** The engine's encoder: about the size of zlib's Z_RLE in less than half its time. */
export const RUNS = "runs";
export type Deflation = DeflateSettings | typeof RUNS;

/** Deflate in a window of 32 KiB; no more is said. */
const HEAD = Uint8Array.of(0x78, 0x01);

/** Upper bounds, in bytes: in the engine, and beside it. */
export const ZLIB_WRITER_ENGINE_BYTES = DEFLATER_BYTES;
export const ZLIB_WRITER_BYTES = ZLIB_STREAM_BYTES;

type Output = AsyncGenerator<Uint8Array, void, undefined>;

export function createZlibWriter(engine: Engine) {
  const deflater = startDeflater(engine);
  let pump: DeflatePump | undefined;
  let current: Deflation | undefined;

  async function* change(next: Deflation): Output {
    if (next === current) return;
    if (!current) yield HEAD;
    else if (current === RUNS) yield deflater.align(false);
    if (next !== RUNS && !pump) pump = createRawDeflatePump(next);
    else if (pump) {
      if (next === RUNS) pump.flush();
      else pump.configure(next);
      yield* drain(pump);
    }
    current = next;
  }

  return {
    /** Deflates what lies at `data`, with READ_AHEAD_BYTES behind it. Output is valid until the next pull. */
    async *write(data: number, bytes: number, way: Deflation): Output {
      deflater.check(data, bytes);
      yield* change(way);
      if (way === RUNS) yield* deflater.deflate(data, bytes);
      else if (pump) {
        pump.write(engine.view(data, bytes));
        yield* drain(pump);
      }
    },
    async *end(): Output {
      yield* change(current ?? RUNS);
      if (current === RUNS || !pump) yield deflater.align(true);
      else {
        pump.end();
        yield* drain(pump);
      }
      const checksum = new Uint8Array(4);
      new DataView(checksum.buffer).setUint32(0, deflater.checksum);
      yield checksum;
    },
    close(): void {
      pump?.close();
    },
  };
}

async function* drain(pump: DeflatePump): Output {
  for (let output = await pump.next(); output; output = await pump.next()) yield output;
}
