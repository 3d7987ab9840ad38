/**
 * What one lane asks of another over RPC. Everything here is plain data, byte streams and functions:
 * values cross at up to 32 MiB, streams without limit, classes not at all.
 */
import { AppError, toAppError, type ErrorCode } from "../errors.ts";
import type { WritableFormat } from "../formats.ts";
import type { EncodeOptions, OpenContext } from "../codecs/codec.ts";
import type { StoredFile } from "../pipeline/bytes.ts";
import type { Animation, DecodePlan, PictureInfo, Source, Warning } from "../pipeline/picture.ts";

/** A lane's codecs, as another lane calls them. Methods never throw on purpose. */
export interface CodecService {
  /** Both lanes find the file in the store. @param page from 0 on */
  open(file: StoredFile, page: number, context: OpenFacts): Promise<Answer<SourceFacts>>;
  /** Decodes once the lane has memory for it; waits for that as a job does. */
  decode(
    file: StoredFile,
    page: number,
    context: OpenFacts,
    plan: DecodePlan,
  ): Promise<Answer<DecodedRows>>;
  /** All frames, one after the other. As `decode`. */
  animate(
    file: StoredFile,
    page: number,
    context: OpenFacts,
    plan: DecodePlan,
  ): Promise<Answer<DecodedRows>>;
  /** @param rows the picture's, packed without padding, as a byte stream */
  encode(
    format: WritableFormat,
    picture: PictureInfo,
    options: EncodeOptions,
    rows: ReadableStream<Uint8Array>,
  ): Promise<Answer<EncodedFile>>;
}

/** The memory is the other lane's. */
export type OpenFacts = Omit<OpenContext, "gate">;

/** What a source says of itself. */
export interface SourceFacts extends Omit<Source, "animation" | "memory" | "page" | "picture"> {
  moves: Pick<Animation, "plays" | "colours"> | null;
}

export interface DecodedRows {
  /** Of an animation, one of its frames. */
  picture: PictureInfo;
  /** Packed without padding, of frames by `dataOfFrames`. To be read to its end, or canceled: memory is held until then. */
  rows: ReadableStream<Uint8Array>;
  /** Why the stream has broken off, or what was found on the way: streams lose their errors. */
  result(): Promise<Answer<readonly Warning[]>>;
}

export interface EncodedFile {
  /** As above. */
  bytes: ReadableStream<Uint8Array>;
  result(): Promise<Answer<null>>;
}

export type Answer<T> = { ok: true; value: T } | { ok: false; error: WireError };

/** An AppError without its class, which would not survive, and its cause, which stays inside. */
export interface WireError {
  code: ErrorCode;
  message: string;
  details: AppError["details"];
}

export function toAnswer<T>(value: T): Answer<T> {
  return { ok: true, value };
}

/** What nobody expects is reported here, where its cause is known. */
export function toRefusal(thrown: unknown): { ok: false; error: WireError } {
  const { code, publicMessage: message, details, traits, cause } = toAppError(thrown);
  if (traits.report) console.error(`for another lane: ${code}`, cause ?? message);
  return { ok: false, error: { code, message, details } };
}

/** @throws AppError as the other lane had it */
export function fromAnswer<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value;
  const { code, message, details } = answer.error;
  throw new AppError(code, message, details);
}

/**
 * Gives back the functions of an answer, or one of them. They must not be left to the garbage
 * collector: where an inspector can listen, as in development, the runtime warns of it in the midst
 * of collecting, and crashes.
 */
export function release(held: object): void {
  (held as Partial<Disposable>)[Symbol.dispose]?.();
}
