/** What is made of a file, page by page, with the promises about its length kept. */
import { AppError } from "../errors.ts";
import { FORMATS } from "../formats.ts";
import { MAX_OUTPUTS } from "../limits.ts";
import { chunks, type ByteSource } from "./bytes.ts";
import {
  openInput,
  openPage,
  prepare,
  start,
  type ConvertContext,
  type Input,
  type Prepared,
} from "./convert.ts";
import type { OutputOptions } from "./options.ts";
import { pickFrame } from "./frame.ts";
import { choosePages } from "./pages.ts";
import type { Warning } from "./picture.ts";
import type { Plan } from "./plan.ts";
import { writeWithin } from "./target.ts";
import { describeWritten, NO_EFFORT, writeUpTo, type Write, type Written } from "./write.ts";

/** What was made of one page. */
export interface Delivered extends Written {
  /** From 1 on; null where the file has but one. */
  page: number | null;
}

export interface DeliverContext extends ConvertContext {
  /** Files that may be written. */
  maxOutputs?: number;
}

/**
 * Converts the pages of a file that are asked for, the first where none is, and tells of each when
 * it is written. Whatever is thrown is an AppError, unless `write` threw it.
 */
export async function* deliver(
  bytes: ByteSource,
  options: OutputOptions,
  context: DeliverContext,
  write: Write,
): AsyncGenerator<Delivered, void, undefined> {
  const { maxTotalPixels = Infinity, maxOutputs = MAX_OUTPUTS } = context;
  const file = await openInput(bytes, options, context);
  const pageCount = file.source.pages;
  const chosen = choosePages(options, pageCount, maxOutputs);
  if (chosen.length > 1) await checkPages(file, chosen, options, context, maxTotalPixels);
  for (const [done, index] of chosen.entries()) {
    const input = await pickPicture(file, index, options);
    const onProgress = (fraction: number) =>
      context.onProgress?.((done + fraction) / chosen.length);
    const written = await deliverPage(input, options, { ...context, onProgress }, write);
    yield {
      ...written,
      page: pageCount > 1 ? index + 1 : null,
      warnings: [...written.warnings, ...warnOfPages(pageCount, options)],
    };
  }
}

/** The page, or the one frame of it that is asked for. @param page from 0 on */
export async function pickPicture(
  file: Input,
  page: number,
  { frame }: OutputOptions,
): Promise<Input> {
  const input = await openPage(file, page);
  return frame === null ? input : { ...input, source: pickFrame(input.source, frame) };
}

/** Says so where there are more pages than the one that was taken unasked. */
export function warnOfPages(count: number, { page, pages }: OutputOptions): Warning[] {
  if (count === 1 || page !== null || pages !== null) return [];
  const message = `The file has ${count} pages; the first was used.`;
  return [{ code: "document_first_page", message }];
}

/** Nothing is kept of a page but its size: each may have metadata of megabytes. */
async function checkPages(
  file: Input,
  indices: readonly number[],
  options: OutputOptions,
  context: ConvertContext,
  maxTotalPixels: number,
): Promise<void> {
  let pixels = 0;
  for (const index of indices) {
    const page = await pickPicture(file, index, options);
    pixels = addPixels(pixels, prepare(page, options, context).plan, maxTotalPixels);
  }
}

/**
 * @returns the pixels of all pages so far and this one's, before or after, whichever has more
 * @throws AppError too_many_pixels
 */
export function addPixels(before: number, { decoded, output }: Plan, most: number): number {
  const own = Math.max(decoded.width * decoded.height, output.width * output.height);
  if (before + own <= most) return before + own;
  throw new AppError(
    "too_many_pixels",
    `The pages have more than ${most} pixels together, the most of one file.`,
    { limit: "max_total_pixels", limit_pixels: most },
  );
}

/** Writes as often as `maxBytes` and `neverLarger` make necessary. */
async function deliverPage(
  input: Input,
  options: OutputOptions,
  context: ConvertContext,
  write: Write,
): Promise<Written> {
  const { bytes } = input;
  const { maxBytes, neverLarger } = options;
  const prepared = prepare(input, options, context);
  const { repeatsMetadata, repeatsPicture } = prepared.plan;
  if (maxBytes !== null && repeatsMetadata && bytes.size <= maxBytes) {
    return await writeInput(bytes, prepared, write);
  }
  const rewritten = await writeRewritten(prepared, maxBytes ?? Infinity, write);
  if (rewritten) return rewritten;
  const embedded = maxBytes === null ? await writeEmbedded(bytes, prepared, write) : null;
  if (embedded) return embedded;
  const written =
    maxBytes === null
      ? await writeOnce(prepared, context, write)
      : await writeWithin(input, options, context, maxBytes, write);
  if (!neverLarger || !repeatsPicture || written.sizeBytes < bytes.size) return written;
  const { effort } = written;
  return { ...(await writeInput(bytes, prepared, write)), effort };
}

async function writeOnce(
  prepared: Prepared,
  context: ConvertContext,
  write: Write,
): Promise<Written> {
  const conversion = start(prepared, context);
  const { sizeBytes } = await write(conversion.chunks, conversion.mimeType);
  return describeWritten(conversion, sizeBytes);
}

/** The input's bytes in a file that can hold them; null where the output is to be made anew. */
async function writeEmbedded(
  bytes: ByteSource,
  prepared: Prepared,
  write: Write,
): Promise<Written | null> {
  const { source, plan, encoder } = prepared;
  if (!plan.showsInput) return null;
  const file = await encoder.embed?.(bytes, source, plan.encode);
  return file ? await writeFile(file, prepared, write) : null;
}

/** A drawing as a drawing; null where it is to be made of pixels, or would be too long. */
async function writeRewritten(
  { source, plan, options }: Prepared,
  maxBytes: number,
  write: Write,
): Promise<Written | null> {
  const file = plan.repeatsDrawing ? source.rewritten?.(plan.output) : undefined;
  if (!file) return null;
  const { mimeType } = FORMATS[options.format];
  const sizeBytes = await writeUpTo(maxBytes, { chunks: file, mimeType }, write);
  if (sizeBytes > maxBytes) return null;
  const { format, width, height } = source;
  return {
    ...{ format: options.format, mimeType, sizeBytes },
    width: plan.output.width,
    height: plan.output.height,
    source: { format, width, height },
    warnings: source.warnings,
    effort: NO_EFFORT,
  };
}

const KEPT: Warning = {
  code: "kept_original",
  message:
    "The file is the input itself: a new one would not have been smaller, or was not needed.",
};

/** The input's bytes as they are, its metadata with them. */
async function writeInput(bytes: ByteSource, prepared: Prepared, write: Write): Promise<Written> {
  const written = await writeFile(chunks(await bytes.stream()), prepared, write);
  return { ...written, warnings: [...written.warnings, KEPT] };
}

/** A file that shows what was planned without anything having been encoded for it. */
async function writeFile(
  file: AsyncIterable<Uint8Array>,
  { source, options, plan }: Prepared,
  write: Write,
): Promise<Written> {
  const { format } = options;
  const { mimeType } = FORMATS[format];
  const { sizeBytes } = await write(file, mimeType);
  return {
    ...{ format, mimeType, sizeBytes },
    width: plan.output.width,
    height: plan.output.height,
    source: { format: source.format, width: source.width, height: source.height },
    warnings: [...source.warnings, ...plan.warnings],
    effort: NO_EFFORT,
  };
}
