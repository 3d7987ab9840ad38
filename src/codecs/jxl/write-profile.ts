/**
 * A profile as the codestream has it: what its header differs from a usual one, then its bytes as they
 * are, in one prefix code. ISO/IEC 18181-1:2024, annex E.4.
 */
import type { BitWriter } from "./bit-writer.ts";
import { putLong } from "./bit-writer.ts";
import { ALPHABET, count, createCode, putCodes, putNumber, symbolOf } from "./prefix-codes.ts";

const HEADER_BYTES = 128;
/** Contexts of bytes, by where they are and what is before them. */
const CONTEXTS = 41;
const INSERT = 1;

export function putProfile(writer: BitWriter, icc: Uint8Array): void {
  const data = icc.slice();
  for (let at = 0; at < Math.min(HEADER_BYTES, icc.length); at++) {
    data[at] = (icc[at] as number) - expectedByte(icc, at);
  }
  const rest = Math.max(0, icc.length - HEADER_BYTES);
  // No list of tags, and all bytes in one piece.
  const commands = rest > 0 ? [0, INSERT, ...varint(rest)] : [];
  const bytes = [...varint(icc.length), ...varint(commands.length), ...commands, ...data];
  putLength(writer, bytes.length);
  const counts = new Uint32Array(ALPHABET);
  for (const byte of bytes) count(counts, symbolOf(byte));
  const code = createCode(counts);
  putCodes(writer, [counts], [code], new Uint8Array(CONTEXTS));
  for (const byte of bytes) putNumber(writer, code, byte);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** 12 bits, then 8 at a time, each behind a bit that says there are more. */
function putLength(writer: BitWriter, value: number): void {
  writer.put(3, 2);
  putLong(writer, value & 0xfff, 12);
  for (let left = value >>> 12; left > 0; left >>>= 8) {
    writer.flag(true);
    writer.put(left & 0xff, 8);
  }
  writer.flag(false);
}

/** What most profiles have: a display's of version 4, from RGB to XYZ, with D50's white. */
const USUAL = new Map<number, number>([
  [8, 4],
  ...texts("mntrRGB XYZ ", 12),
  ...texts("acsp", 36),
  ...[246, 214, 0, 1, 0, 0, 0, 0, 211, 45].map((byte, i) => [70 + i, byte] as const),
]);

function texts(text: string, at: number): (readonly [number, number])[] {
  return Array.from(text, (character, i) => [at + i, character.charCodeAt(0)] as const);
}

/** Makers of systems, each by what tells it from the others; the rest of its name follows. */
const PLATFORMS = ["APPL", "MSFT", "SGI ", "SUNW"];

function expectedByte(icc: Uint8Array, at: number): number {
  if (at < 4) return (icc.length >>> (24 - at * 8)) & 0xff;
  // Who made it is likely who made the program.
  if (at >= 80 && at < 84) return icc[at - 76] as number;
  if (at >= 41 && at < 44) return platformOf(icc, at)?.charCodeAt(at - 40) ?? 0;
  return USUAL.get(at) ?? 0;
}

/** One letter tells Apple and Microsoft; the two others have theirs in common. */
function platformOf(icc: Uint8Array, at: number): string | undefined {
  const [first = "", second = ""] = String.fromCharCode(...icc.subarray(40, 42));
  return PLATFORMS.find(
    (name) => name.startsWith(first) && (first !== "S" || (at > 41 && name[1] === second)),
  );
}
