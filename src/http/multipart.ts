/**
 * multipart/form-data (RFC 7578) as a stream: parts are pulled one by one and their bodies chunk by
 * chunk, so that whoever stores them sets the pace and nothing is held but one window of the body.
 */
import { AppError } from "../errors.ts";
import { BodyWindow } from "./body-window.ts";
import { readDisposition } from "../content-disposition.ts";

export interface Part {
  name: string;
  filename: string | undefined;
  /**
   * Chunks, each valid until the next pull. What is not read is skipped when the next part is
   * asked for.
   */
  body: AsyncIterable<Uint8Array>;
}

const MAX_HEADER_BYTES = 16 * 1024;

const BLANK_LINE = Buffer.from("\r\n\r\n");

const malformed = (detail: string): AppError =>
  new AppError("malformed_request", `The multipart body is malformed: ${detail}.`);

/** @returns the boundary of a multipart/form-data Content-Type; null for any other type */
export function findBoundary(contentType: string | null | undefined): string | null {
  if (!/^multipart\/form-data\s*(;|$)/i.test(contentType ?? "")) return null;
  const match = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType ?? "");
  const boundary = match?.[1] ?? match?.[2];
  if (!boundary) throw malformed("its Content-Type has no boundary");
  return boundary;
}

/** @throws AppError malformed_request */
export async function* readMultipart(
  body: ReadableStream<Uint8Array>,
  boundary: string,
): AsyncGenerator<Part> {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // The first delimiter may stand at the very beginning, without its line break.
  const window = new BodyWindow(body, Buffer.from("\r\n"));
  try {
    await skip(readUntil(window, delimiter));
    while (!(await atClosing(window))) {
      const { name, filename } = await readHeaders(window);
      let whole = false;
      const chunks = async function* () {
        yield* readUntil(window, delimiter);
        whole = true;
      };
      yield { name, filename, body: chunks() };
      if (!whole) await skip(readUntil(window, delimiter));
    }
  } finally {
    window.release();
  }
}

async function skip(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks);
}

/** What stands before the mark, in chunks; consumes the mark, too. */
async function* readUntil(window: BodyWindow, mark: Buffer): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { bytes } = window;
    const at = bytes.indexOf(mark);
    if (at >= 0) {
      if (at > 0) yield bytes.subarray(0, at);
      window.consume(at + mark.length);
      return;
    }
    // The last bytes may be the beginning of the mark.
    const certain = bytes.length - (mark.length - 1);
    if (certain > 0) {
      yield bytes.subarray(0, certain);
      window.consume(certain);
    }
    if (!(await window.more())) throw malformed("it ends before its closing boundary");
  }
}

/** Whether the delimiter just read is the closing one. */
async function atClosing(window: BodyWindow): Promise<boolean> {
  while (window.bytes.length < 2) {
    if (!(await window.more())) throw malformed("it ends before its closing boundary");
  }
  return window.bytes.toString("latin1", 0, 2) === "--";
}

/** Reads a part's head: the rest of the delimiter's line, the header lines and the blank one. */
async function readHeaders(window: BodyWindow): Promise<{ name: string; filename?: string }> {
  let end: number;
  while ((end = window.bytes.indexOf(BLANK_LINE)) < 0) {
    if (window.bytes.length > MAX_HEADER_BYTES) throw malformed("a part's header is too long");
    if (!(await window.more())) throw malformed("it ends within a part's header");
  }
  if (end > MAX_HEADER_BYTES) throw malformed("a part's header is too long");
  const lines = window.bytes.toString("utf8", 0, end).split("\r\n");
  window.consume(end + BLANK_LINE.length);
  const prefix = "content-disposition:";
  const header = lines.find((line) => line.toLowerCase().startsWith(prefix));
  const { type, name, filename } = readDisposition(header?.slice(prefix.length) ?? "");
  if (type !== "form-data" || name === undefined) {
    throw malformed("a part has no `Content-Disposition: form-data` with a name");
  }
  return filename === undefined ? { name } : { name, filename };
}
