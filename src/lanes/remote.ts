/** Another lane's codecs as if they were here: pixels and files pass as byte streams. */
import type { Codec, Codecs, Encoder, Open } from "../codecs/codec.ts";
import { AppError } from "../errors.ts";
import { formatNames, isReadable, isWritable } from "../find-format.ts";
import type { LaneName } from "../format.ts";
import { FORMATS, type FormatsOf, type WritableFormat } from "../formats.ts";
import { chunks, type StoredFile } from "../pipeline/bytes.ts";
import type { Animation, Source, Warning } from "../pipeline/picture.ts";
import { PIECE_BYTES, toByteStream } from "./byte-stream.ts";
import { dataOf, toFrames, toStrips } from "./rows.ts";
import {
  fromAnswer,
  release,
  type Answer,
  type CodecService,
  type DecodedRows,
  type OpenFacts,
} from "./wire.ts";

/** Pieces on their way, on this side. The other lane counts what its codecs hold by itself. */
const STREAM_BYTES = 4 * PIECE_BYTES;

/** Codecs of every format whose home is the lane. */
export function remoteCodecs<Lane extends LaneName>(
  service: CodecService,
  lane: Lane,
): Codecs<FormatsOf<Lane>> {
  const codecs = formatNames()
    .filter((name) => FORMATS[name].lane === lane)
    .map((name): [string, Partial<Codec>] => [
      name,
      {
        ...(isReadable(name) && { open: remoteOpen(service) }),
        ...(isWritable(name) && { encoder: remoteEncoder(service, name) }),
      },
    ]);
  return Object.fromEntries(codecs) as Codecs<FormatsOf<Lane>>;
}

/** @returns an `Open` whose sources, files in the store, are read and decoded by the other lane */
export function remoteOpen(service: CodecService): Open {
  return ({ stored }, { gate: _gate, ...context }) => {
    if (!stored) throw new AppError("internal", "Only stored files are read by another lane.");
    return openPage(service, stored, 0, context);
  };
}

async function openPage(
  service: CodecService,
  file: StoredFile,
  page: number,
  context: OpenFacts,
): Promise<Source> {
  const { moves, ...facts } = fromAnswer(await service.open(file, page, context));
  const warnings: Warning[] = [...facts.warnings];

  /** What is made of rows, up to the reason why they have broken off, if they have. */
  async function* read<Part>(
    answer: Answer<DecodedRows>,
    parts: AsyncIterable<Part>,
  ): AsyncGenerator<Part, void, undefined> {
    try {
      const found = yield* drain(parts, fromAnswer(answer).result);
      // Decoders may find some on the way, and tell all of them again.
      warnings.splice(0, warnings.length, ...found);
    } finally {
      release(answer);
    }
  }

  const animation: Animation | null = moves && {
    ...moves,
    memory: () => STREAM_BYTES,
    async *frames(plan) {
      const answer = await service.animate(file, page, context, plan);
      const { picture, rows } = fromAnswer(answer);
      yield* read(answer, toFrames(rows, picture, facts.frames));
    },
  };
  return {
    ...facts,
    ...(animation && { animation }),
    warnings,
    memory: () => STREAM_BYTES,
    page: (index) => openPage(service, file, index, context),
    async picture(plan) {
      const answer = await service.decode(file, page, context, plan);
      const { picture, rows } = fromAnswer(answer);
      return { ...picture, strips: read(answer, toStrips(rows, picture)) };
    },
  };
}

/** The format's encoder in the other lane. */
export function remoteEncoder(service: CodecService, format: WritableFormat): Encoder {
  return {
    memory: () => STREAM_BYTES,
    async *encode({ strips, ...picture }, options) {
      let failure: { thrown: unknown } | null = null;
      const rows = toByteStream(dataOf(strips), (thrown) => {
        if (thrown !== null) failure = { thrown };
      });
      const answer = await service.encode(format, picture, options, rows);
      const { bytes, result } = fromAnswer(answer);
      try {
        for await (const chunk of drain(chunks(bytes, PIECE_BYTES), result)) yield chunk.slice();
      } catch (thrown) {
        // What the other lane makes of rows that break off is not why they did.
        throw failure ? (failure as { thrown: unknown }).thrown : thrown;
      } finally {
        release(answer);
      }
    },
  };
}

/** What comes out of a stream, up to the reason why it has broken off, if it has. */
async function* drain<Part, T>(
  parts: AsyncIterable<Part>,
  result: () => Promise<Answer<T>>,
): AsyncGenerator<Part, T, undefined> {
  try {
    yield* parts;
  } catch (thrown) {
    fromAnswer(await result());
    throw thrown;
  }
  return fromAnswer(await result());
}
