/** A lane's codecs for the lanes above it: the side that does the work. */
import { encoderOf, openerOf, type LaneCodecs } from "../codecs/codec.ts";
import { AppError } from "../errors.ts";
import { sniffFormat } from "../find-format.ts";
import { SNIFF_BYTES } from "../magic.ts";
import { ENGINE_BASE_BYTES, PAGE_BYTES } from "../kernels/engine.ts";
import type { ByteSource, StoredFile } from "../pipeline/bytes.ts";
import { decodeFailure, encodeFailure } from "../pipeline/failures.ts";
import type { MemoryGate, Workspace } from "../pipeline/memory.ts";
import type { PictureInfo, Source } from "../pipeline/picture.ts";
import { PIECE_BYTES, toByteStream } from "./byte-stream.ts";
import { dataOf, dataOfFrames, toStrips } from "./rows.ts";
import { toAnswer, toRefusal, type Answer, type CodecService, type OpenFacts } from "./wire.ts";

export interface Host {
  codecs: LaneCodecs;
  /** The isolate's: what is done for others counts as its own jobs do. */
  gate: MemoryGate;
  openFile(file: StoredFile): Promise<ByteSource>;
}

/** Of streams, and of the engine that codecs share. */
const OVERHEAD_BYTES = 4 * PIECE_BYTES + ENGINE_BASE_BYTES + PAGE_BYTES;

export function serveCodecs(host: Host): CodecService {
  return {
    open: (file, page, context) =>
      attempt(async () => {
        const source = await open(host, file, page, context);
        const { animation, memory: _memory, page: _page, picture: _picture, ...facts } = source;
        const moves = animation ? { plays: animation.plays, colours: animation.colours } : null;
        return { ...facts, moves };
      }),

    decode: (file, page, context, plan) =>
      attempt(async () => {
        const source = await open(host, file, page, context);
        const workspace = await host.gate.admit(source.memory(plan) + OVERHEAD_BYTES);
        try {
          const { strips, ...picture } = await source.picture(plan, workspace);
          const work = start(dataOf(strips), workspace, decodeFailure, () => [...source.warnings]);
          return { picture, rows: work.bytes, result: work.result };
        } catch (thrown) {
          workspace.close("failed");
          throw decodeFailure(thrown);
        }
      }),

    animate: (file, page, context, plan) =>
      attempt(async () => {
        const source = await open(host, file, page, context);
        const { animation, width, height, icc } = source;
        if (!animation) throw new AppError("internal", "The file does not move.");
        const workspace = await host.gate.admit(animation.memory(plan) + OVERHEAD_BYTES);
        const frames = dataOfFrames(animation.frames(plan, workspace), workspace);
        const work = start(frames, workspace, decodeFailure, () => [...source.warnings]);
        const picture: PictureInfo = { width, height, channels: 4, icc };
        return { picture, rows: work.bytes, result: work.result };
      }),

    encode: (format, picture, options, rows) =>
      attempt(async () => {
        const encoder = encoderOf(host.codecs, format);
        const plannedBytes = encoder.memory(picture, options) + OVERHEAD_BYTES;
        const workspace = await host.gate.admit(plannedBytes);
        const strips = toStrips(rows, picture);
        const file = encoder.encode({ ...picture, strips }, options, workspace);
        return start(file, workspace, encodeFailure, () => null);
      }),
  };
}

async function attempt<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return toAnswer(await work());
  } catch (thrown) {
    return toRefusal(thrown);
  }
}

async function open(
  { codecs, gate, openFile }: Host,
  file: StoredFile,
  page: number,
  context: OpenFacts,
): Promise<Source> {
  const bytes = await openFile(file);
  const format = sniffFormat(await bytes.read(0, SNIFF_BYTES));
  if (!format) throw new AppError("unsupported_input_format", "The file is of no known format.");
  try {
    const first = await openerOf(codecs, format)(bytes, { ...context, gate });
    return page > 0 && first.page ? await first.page(page) : first;
  } catch (thrown) {
    throw decodeFailure(thrown);
  }
}

/** The work is done as its bytes are read; the workspace is closed when that ends, however. */
function start<T>(
  parts: AsyncIterable<Uint8Array>,
  workspace: Workspace,
  translate: (thrown: unknown) => AppError,
  summarise: () => T,
): { bytes: ReadableStream<Uint8Array>; result: () => Promise<Answer<T>> } {
  const { promise, resolve } = Promise.withResolvers<Answer<T>>();
  const bytes = toByteStream(parts, (error) => {
    workspace.close(error === null ? "succeeded" : "failed");
    resolve(error === null ? toAnswer(summarise()) : toRefusal(translate(error)));
  });
  return { bytes, result: () => promise };
}
