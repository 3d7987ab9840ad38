/** Escapes of JSON strings that hold nothing but ASCII, such as base64. */
import { AppError } from "../errors.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const UNICODE = 0x75;

/** By what stands behind the backslash. Some encoders write a slash as \/. */
const ESCAPES = new Map(
  Object.entries({
    "/": "/",
    "\\": "\\",
    '"': '"',
    b: "\b",
    f: "\f",
    n: "\n",
    r: "\r",
    t: "\t",
  }).map(([name, character]) => [name.charCodeAt(0), character.charCodeAt(0)]),
);

export interface UnescapedPart {
  /** How many bytes there are now, from the first on. */
  length: number;
  /** How many of the text's bytes they were, the closing quote included. */
  consumed: number;
  /** Whether the string ends here. */
  ended: boolean;
}

/**
 * Resolves the escapes of a string's text up to its closing quote, or as far as there is text: an
 * escape that is cut is left for the next part.
 * @throws AppError malformed_request for an escape that is none, or is of no ASCII character
 */
export function unescapeInPlace(bytes: Buffer): UnescapedPart {
  let length = 0;
  let from = 0;
  let quote = find(bytes, QUOTE, 0);
  for (;;) {
    const backslash = find(bytes, BACKSLASH, from, quote);
    if (length < from) bytes.copyWithin(length, from, backslash);
    length += backslash - from;
    from = backslash;
    if (backslash === quote) {
      const ended = quote < bytes.length;
      return { length, consumed: ended ? quote + 1 : quote, ended };
    }
    const size = bytes[from + 1] === UNICODE ? 6 : 2;
    if (from + size > bytes.length) return { length, consumed: from, ended: false };
    bytes[length++] = readEscape(bytes, from);
    from += size;
    if (quote < from) quote = find(bytes, QUOTE, from);
  }
}

/** The first place of the byte in `from` to `to`, or else `to`. */
function find(bytes: Buffer, byte: number, from: number, to = bytes.length): number {
  const at = bytes.subarray(from, to).indexOf(byte);
  return at < 0 ? to : from + at;
}

function readEscape(bytes: Buffer, at: number): number {
  const name = bytes[at + 1] ?? 0;
  if (name === UNICODE) {
    const digits = bytes.toString("latin1", at + 2, at + 6);
    if (/^00[0-7][0-9a-f]$/i.test(digits)) return Number.parseInt(digits, 16);
  }
  const character = ESCAPES.get(name);
  if (character !== undefined) return character;
  throw new AppError("malformed_request", "A long string of the body holds more than ASCII.");
}
