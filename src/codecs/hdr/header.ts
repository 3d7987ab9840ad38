/** The text at a Radiance picture's beginning (Ward, "Real Pixels", and Radiance's file formats). */
import { AppError } from "../../errors.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";

export interface HdrHeader {
  width: number;
  height: number;
  /** Where the pixels begin. */
  dataOffset: number;
}

/** Real headers have a few hundred. */
const MAX_HEADER_BYTES = 64 * 1024;
const LINE_FEED = 10;
const SIZE = /^-Y (\d{1,9}) \+X (\d{1,9})$/;

export const damaged = (message: string): AppError => new AppError("invalid_image", message);

export const truncated = (): AppError =>
  new AppError("truncated_image", "The HDR file ends before its picture does.");

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function readHeader(source: ByteSource): Promise<HdrHeader> {
  const head = await source.read(0, MAX_HEADER_BYTES);
  const lines = splitLines(head);
  let format = "32-bit_rle_rgbe";
  for (const { text, end } of lines) {
    if (text.startsWith("FORMAT=")) format = text.slice("FORMAT=".length).trim();
    if (!/^[-+][XY] \d/.test(text)) continue;
    if (format !== "32-bit_rle_rgbe") {
      throw new AppError("unsupported_feature", `HDR files of format ${format} cannot be read.`);
    }
    const [, height, width] = SIZE.exec(text) ?? [];
    if (!width || !height) {
      throw new AppError("unsupported_feature", "HDR files that are turned cannot be read.");
    }
    const size = { width: Number(width), height: Number(height) };
    if (size.width === 0 || size.height === 0) throw damaged("The HDR file has no pixels.");
    return { ...size, dataOffset: end };
  }
  throw head.length < MAX_HEADER_BYTES
    ? truncated()
    : damaged("The HDR file does not say its size.");
}

function* splitLines(head: Uint8Array): Generator<{ text: string; end: number }> {
  const decoder = new TextDecoder("latin1");
  for (let start = 0; start < head.length;) {
    const end = head.indexOf(LINE_FEED, start);
    if (end < 0) return;
    yield { text: decoder.decode(head.subarray(start, end)).trimEnd(), end: end + 1 };
    start = end + 1;
  }
}
