/** A conversion with its promises about the file's length: what is stored in the end keeps them. */
import { FORMATS } from "../formats.ts";
import { chunks, type ByteSource } from "./bytes.ts";
import { prepare, start, type ConvertContext, type Prepared } from "./convert.ts";
import type { OutputOptions } from "./options.ts";
import type { Warning } from "./picture.ts";
import { writeWithin } from "./target.ts";
import { describeWritten, NO_EFFORT, type Write, type Written } from "./write.ts";

/**
 * Converts a file and stores the result through `write`, as often as `maxBytes` and `neverLarger`
 * make necessary. Whatever is thrown is an AppError, unless `write` threw it.
 */
export async function deliver(
  bytes: ByteSource,
  options: OutputOptions,
  context: ConvertContext,
  write: Write,
): Promise<Written> {
  const { maxBytes, neverLarger } = options;
  const prepared = await prepare(bytes, options, context);
  const { repeatsMetadata, repeatsPicture } = prepared.plan;
  if (maxBytes !== null && repeatsMetadata && bytes.size <= maxBytes) {
    return await writeInput(bytes, prepared, write);
  }
  const written =
    maxBytes === null
      ? await writeOnce(prepared, context, write)
      : await writeWithin(bytes, options, context, maxBytes, write);
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

const KEPT: Warning = {
  code: "kept_original",
  message:
    "The file is the input itself: a new one would not have been smaller, or was not needed.",
};

/** The input's bytes as they are, its metadata with them. */
async function writeInput(
  bytes: ByteSource,
  { source, plan }: Prepared,
  write: Write,
): Promise<Written> {
  const { format, width, height } = source;
  const { mimeType } = FORMATS[format];
  const { sizeBytes } = await write(chunks(await bytes.stream()), mimeType);
  return {
    ...{ format, mimeType, sizeBytes },
    width: plan.output.width,
    height: plan.output.height,
    source: { format, width, height },
    warnings: [...source.warnings, ...plan.warnings, KEPT],
    effort: NO_EFFORT,
  };
}
