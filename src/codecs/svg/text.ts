/** The text of an SVG file, which may be compressed (SVGZ: gzip, RFC 1952). */
import { gunzipSync } from "node:zlib";
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import { isGzip } from "../../magic.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";

/** Longest file, and longest text in one. */
const MAX_BYTES = 8 * MIB;

/** @throws AppError memory_limit, invalid_image, truncated_image, unsupported_feature */
export async function readText(file: ByteSource): Promise<{ text: string; textBytes: number }> {
  if (file.size > MAX_BYTES) throw tooLong(file.size);
  const stored = await file.read(0, file.size);
  const bytes = isGzip(stored) ? inflate(stored) : stored;
  return { text: decode(bytes), textBytes: bytes.length };
}

function inflate(stored: Uint8Array): Uint8Array {
  try {
    return gunzipSync(stored, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    // The runtime's own; its errors have no codes.
    if (cause instanceof RangeError) throw tooLong();
    if (String(cause).includes("unexpected end")) {
      throw new AppError("truncated_image", "The SVGZ ends too early.", {}, { cause });
    }
    throw new AppError("invalid_image", "The SVGZ is damaged.", {}, { cause });
  }
}

const tooLong = (bytes?: number): AppError =>
  new AppError("memory_limit", `An SVG may have ${MAX_BYTES / MIB} MiB at most.`, {
    ...{ limit: "svg_bytes", limit_bytes: MAX_BYTES },
    ...(bytes !== undefined && { needed_bytes: bytes }),
  });

/** By its byte order mark or its declaration, else UTF-8. */
function decode(bytes: Uint8Array): string {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
  const declared = /^<\?xml[^>]*\bencoding\s*=\s*["']([\w.-]+)["']/.exec(head)?.[1];
  const label = head.startsWith("\xff\xfe") ? "utf-16le" : head.startsWith("\xfe\xff") ? "utf-16be" : declared; // prettier-ignore
  try {
    return new TextDecoder(label).decode(bytes);
  } catch (cause) {
    throw new AppError("unsupported_feature", `The SVG is encoded as ${label}.`, {}, { cause });
  }
}
