/**
 * JSON bodies that carry a file as base64: the one long string streams to where it is wanted, the
 * text around it is held and parsed, so that a body of 30 MB costs a window of it.
 */
import { AppError } from "../errors.ts";
import { BodyWindow } from "./body-window.ts";
import { unescapeInPlace } from "./json-escapes.ts";
import { parseJsonObject } from "./small-body.ts";

/** Strings up to this long, as they stand in the text, are held. */
const SHORT_BYTES = 8 * 1024;

/** Of the text without long strings. */
const MAX_HELD_BYTES = 64 * 1024;

export interface JsonBodyOptions<Taken> {
  /** Longest body that is read. */
  maxBytes: number;
  /** Member of the object whose value may be a long string. */
  member: string;
  /**
   * Called for a long string, maybe before the other members are read. The chunks are its bytes
   * without escapes, at least 1 KiB in the first one; each is valid until the next pull, and may be
   * overwritten. They are to be read to their end.
   */
  take(chunks: AsyncIterable<Uint8Array>): Promise<Taken>;
}

export interface JsonBody<Taken> {
  /** The object, without the member where that was a long string; other long strings are empty. */
  members: Record<string, unknown>;
  /** What was made of the long string; null where the member is short, or not there. */
  taken: Taken | null;
}

/** @throws AppError malformed_request, file_too_large, and what `take` throws */
export async function readJsonBody<Taken>(
  body: ReadableStream<Uint8Array> | null,
  { maxBytes, member, take }: JsonBodyOptions<Taken>,
): Promise<JsonBody<Taken>> {
  if (!body) return { members: parseJsonObject(""), taken: null };
  const scanner = new Scanner(body, maxBytes);
  // Stands for the long string in the text; nobody can send it, since nobody knows it.
  const mark = crypto.randomUUID();
  let taken: Taken | null = null;
  try {
    while (await scanner.holdUntilString()) {
      if (await scanner.holdString()) continue;
      const chunks = scanner.readString();
      if (scanner.memberName() === member) {
        taken = await take(chunks);
        scanner.hold(Buffer.from(`"${mark}"`));
      } else {
        for await (const _ of chunks);
        scanner.hold(Buffer.from('""'));
      }
    }
  } finally {
    scanner.release();
  }
  const members = parseJsonObject(scanner.text());
  // A member that is there twice counts the second time only.
  if (members[member] !== mark) return { members, taken: null };
  const { [member]: _, ...others } = members;
  return { members: others, taken };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = Buffer.from("{}[]");

/** A string and a colon at the end of the text, and nothing else behind a comma or brace. */
const LAST_NAME = /[{,]\s*("(?:[^"\\]|\\.)*")\s*:\s*$/s;
/** Of the text's end, in which a name is looked for. */
const NAME_WINDOW = 512;

/** Goes through a body once, string by string. */
class Scanner {
  readonly #window: BodyWindow;
  readonly #maxBytes: number;
  #seenBytes = 0;
  /** What is held, a character a byte. */
  #held = "";
  #depth = 0;

  constructor(body: ReadableStream<Uint8Array>, maxBytes: number) {
    this.#window = new BodyWindow(body);
    this.#maxBytes = maxBytes;
  }

  /** Holds what stands before the next string. @returns whether there is one */
  async holdUntilString(): Promise<boolean> {
    for (;;) {
      const { bytes } = this.#window;
      const quote = bytes.indexOf(QUOTE);
      const outside = quote < 0 ? bytes : bytes.subarray(0, quote);
      this.hold(outside);
      this.#trackDepth(outside);
      this.#window.consume(outside.length);
      if (quote >= 0) return true;
      if (!(await this.#more())) return false;
    }
  }

  /** Holds the string that begins here. @returns false where it is long, and then nothing is read */
  async holdString(): Promise<boolean> {
    for (;;) {
      const { bytes } = this.#window;
      const end = findEnd(bytes.subarray(0, SHORT_BYTES));
      if (end < 0 && bytes.length >= SHORT_BYTES) return false;
      if (end < 0 && (await this.#more())) continue;
      // One without an end is held as it is; the parser complains.
      const string = end < 0 ? bytes : bytes.subarray(0, end);
      this.hold(string);
      this.#window.consume(string.length);
      return true;
    }
  }

  /** The name of the outer object's member whose value begins here; undefined anywhere else. */
  memberName(): string | undefined {
    const name = LAST_NAME.exec(this.#held.slice(-NAME_WINDOW))?.[1];
    if (this.#depth !== 1 || name === undefined) return undefined;
    try {
      return JSON.parse(name) as string;
    } catch {
      return undefined;
    }
  }

  /** The bytes of the string that begins here. */
  async *readString(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#window.consume(1);
    for (let ended = false; !ended;) {
      const { bytes } = this.#window;
      const part = unescapeInPlace(bytes);
      if (part.length > 0) yield bytes.subarray(0, part.length);
      this.#window.consume(part.consumed);
      ended = part.ended;
      if (!ended && !(await this.#more())) {
        throw new AppError("malformed_request", "The body is not valid JSON: a string never ends.");
      }
    }
  }

  /** @throws AppError malformed_request when that is too much */
  hold(bytes: Buffer): void {
    if (this.#held.length + bytes.length > MAX_HELD_BYTES) {
      throw new AppError("malformed_request", "The request's body is too long.", {
        limit_bytes: MAX_HELD_BYTES,
      });
    }
    this.#held += bytes.toString("latin1");
  }

  /** What was held. @throws AppError malformed_request when it is no UTF-8 */
  text(): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(
        Buffer.from(this.#held, "latin1"),
      );
    } catch (cause) {
      throw new AppError("malformed_request", "The request's body is not UTF-8.", {}, { cause });
    }
  }

  release(): void {
    this.#window.release();
  }

  #trackDepth(outside: Buffer): void {
    for (const byte of outside) {
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#depth--;
    }
  }

  async #more(): Promise<boolean> {
    const before = this.#window.bytes.length;
    const more = await this.#window.more();
    this.#seenBytes += this.#window.bytes.length - before;
    if (this.#seenBytes > this.#maxBytes) {
      throw new AppError("file_too_large", "The request's body is too long.", {
        limit_bytes: this.#maxBytes,
      });
    }
    return more;
  }
}

/** Where the string that begins with the first byte has ended; -1 where it has not. */
function findEnd(bytes: Buffer): number {
  for (let at = 1; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at + 1;
  }
  return -1;
}
