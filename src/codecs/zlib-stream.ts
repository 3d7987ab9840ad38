/** The runtime's own zlib as generators: pulled, so that memory stays flat whatever the data. */
import {
  constants,
  createDeflateRaw,
  createInflate,
  type DeflateRaw,
  type Inflate,
} from "node:zlib";
import { AppError } from "../errors.ts";

const OUTPUT_BYTES = 64 * 1024;

/** Upper bound of what one stream holds: zlib's window and hash chains, output waiting in JS. */
export const ZLIB_STREAM_BYTES = 768 * 1024 + 4 * OUTPUT_BYTES;

/** What a format says of its compressed data. */
export interface ZlibFailures {
  damaged(cause: unknown): AppError;
  truncated(): AppError;
}

/**
 * Exactly `wantedBytes` of the zlib stream in `portions`. Once they are there the rest is read but
 * not inflated: its checksums count, and no bomb can hide in it.
 * @throws what `portions` and `failures` give
 */
export async function* inflate(
  portions: AsyncIterable<Uint8Array>,
  wantedBytes: number,
  failures: ZlibFailures,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pump = createPump(createInflate({ chunkSize: OUTPUT_BYTES }));
  let left = wantedBytes;
  try {
    for await (const portion of portions) {
      if (left === 0 || pump.ended()) continue;
      pump.write(portion);
      while (left > 0) {
        const output = await pump.next();
        if (!output) break;
        const wanted = output.subarray(0, left);
        left -= wanted.length;
        yield wanted;
      }
      if (left === 0) pump.close(); // it may hold on to a portion whose bytes are about to change
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw failures.damaged(error);
  } finally {
    pump.close();
  }
  if (left > 0) throw failures.truncated();
}

/** How hard deflate works, and on what kind of data. */
export interface DeflateSettings {
  level: number;
  strategy: number;
}

export interface DeflatePump extends Pump {
  /** New settings for the portions to come; to be followed by `next` like a portion. */
  configure(settings: DeflateSettings): void;
  /** Ends at a whole byte and forgets what was there, likewise; what comes next stands for itself. */
  flush(): void;
}

/** Deflate without zlib's head and checksum. */
export function createRawDeflatePump(settings: DeflateSettings): DeflatePump {
  const stream = createDeflateRaw({ ...settings, memLevel: 9, chunkSize: OUTPUT_BYTES });
  const pump = createPump(stream);
  return {
    ...pump,
    configure: ({ level, strategy }) => pump.run((done) => stream.params(level, strategy, done)),
    flush: () => pump.run((done) => stream.flush(constants.Z_FULL_FLUSH, done)),
  };
}

/** Drives a zlib stream by hand, one portion at a time. */
export interface Pump {
  /** Starts something else that may give output and says when it is done. */
  run(start: (done: (error?: Error | null) => void) => void): void;
  /** Only after `next` answered null to the portion before, whose bytes may then change. */
  write(portion: Uint8Array): void;
  /** After the last portion. */
  end(): void;
  /** The next output; null when the portion is used up. */
  next(): Promise<Uint8Array | null>;
  /** Whether the stream has come to its end. */
  ended(): boolean;
  close(): void;
}

function createPump(stream: DeflateRaw | Inflate): Pump {
  let busy = false;
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => undefined;
  stream.on("readable", () => wake());
  stream.on("end", () => {
    ended = true;
    wake();
  });
  stream.on("error", (error: Error) => {
    failure = error;
    wake();
  });
  const run: Pump["run"] = (start) => {
    busy = true;
    start((error) => {
      failure ??= error ?? undefined; // the event comes later
      busy = false;
      wake();
    });
  };

  return {
    run,
    write: (portion) => run((done) => stream.write(portion, done)),
    end: () => run(() => stream.end()),
    async next() {
      for (;;) {
        if (failure) throw failure;
        const output = stream.read() as Uint8Array | null;
        if (output) return output;
        if (!busy || ended) return null;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    ended: () => ended,
    close() {
      stream.destroy();
    },
  };
}
