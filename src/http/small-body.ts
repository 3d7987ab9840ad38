/** Bodies without files: read whole, within a small limit. */
import { AppError } from "../errors.ts";
import { readChunks } from "./body-window.ts";

const MAX_BYTES = 64 * 1024;

/** @throws AppError malformed_request when it is longer than 64 KiB or no UTF-8 */
export async function readText({ body }: Request): Promise<string> {
  return body ? await collectText(readChunks(body)) : "";
}

/** The same of a part of a body. */
export async function collectText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BYTES) {
      throw new AppError("malformed_request", "The request's text is too long.", {
        limit_bytes: MAX_BYTES,
      });
    }
    text += decode(decoder, chunk);
  }
  return text + decode(decoder);
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch (cause) {
    throw new AppError("malformed_request", "The request's text is not UTF-8.", {}, { cause });
  }
}

/** A JSON object; an empty body is an empty one. @throws AppError malformed_request */
export async function readJsonObject(request: Request): Promise<Record<string, unknown>> {
  return parseJsonObject(await readText(request));
}

/** @throws AppError malformed_request */
export function parseJsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch (cause) {
    throw new AppError("malformed_request", "The body is not valid JSON.", {}, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AppError("malformed_request", "The body must be a JSON object.");
  }
  return value as Record<string, unknown>;
}
