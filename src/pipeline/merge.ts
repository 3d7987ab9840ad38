/** One file of several pages, made of the pages that are asked for of several files. */
import { encoderOf, type Page, type PagesEncoder } from "../codecs/codec.ts";
import { AppError } from "../errors.ts";
import { FORMATS } from "../formats.ts";
import { MAX_OUTPUTS, MIB } from "../limits.ts";
import type { ByteSource } from "./bytes.ts";
import { openInput, prepare, render, type Input, type Prepared } from "./convert.ts";
import { addPixels, pickPicture, warnOfPages, type DeliverContext } from "./deliver.ts";
import { encodeFailure } from "./failures.ts";
import { AUTO, type OutputOptions } from "./options.ts";
import { choosePages } from "./pages.ts";
import type { Warning } from "./picture.ts";
import { NO_EFFORT, addEfforts, type Effort, type Write, type Written } from "./write.ts";

/** Opens one of the files; called twice for each, and in their order both times. */
export type OpenFile = () => Promise<ByteSource>;

export interface Merged extends Omit<Written, "warnings"> {
  warnings: readonly FileWarning[];
}

/** About one of the files, by its index. */
export type FileWarning = Warning & { file: number };

/** One part of an upload of unknown length, which goes on from page to page. */
const PART_BYTES = 5 * MIB;

interface PreparedPage {
  input: Input;
  prepared: Prepared;
  file: number;
  /** Beside those of the conversion. */
  warnings: Warning[];
}

/** What is known of the pages when each has been planned. */
interface Survey {
  first: Prepared;
  count: number;
}

/**
 * All pages are planned before the first is decoded: what does not fit fails before anything is
 * written. Of each nothing is kept; its memory is admitted, and given back, by itself. Size and
 * source of what is made are the first page's. Whatever is thrown is an AppError, unless `write` or
 * a file's `open` threw it.
 * @param opens at least one
 */
export async function merge(
  opens: readonly OpenFile[],
  options: OutputOptions,
  context: DeliverContext,
  write: Write,
): Promise<Merged> {
  const encoder = pagesEncoderOf(options, context);
  const heldBytes = PART_BYTES + MAX_OUTPUTS * encoder.recordBytes;
  const within = { ...context, heldBytes };
  const { first, count } = await survey(opens, options, within);
  const { format } = first.options;
  const { mimeType } = FORMATS[format];
  const work = createWork(() => preparePages(opens, options, within), count, within);
  const { sizeBytes } = await write(run(encoder, work.pages(), within), mimeType);
  const { source, plan } = first;
  return {
    ...{ format, mimeType, sizeBytes },
    width: plan.output.width,
    height: plan.output.height,
    source: { format: source.format, width: source.width, height: source.height },
    warnings: work.warnings,
    effort: work.effort(heldBytes),
  };
}

function pagesEncoderOf({ format }: OutputOptions, { codecs }: DeliverContext): PagesEncoder {
  const encoder = format === AUTO ? undefined : encoderOf(codecs, format).pages;
  if (encoder) return encoder;
  throw new AppError("invalid_parameter", `Files of ${format} have but one page.`);
}

/** @throws AppError too_many_pages, too_many_pixels, memory_limit */
async function survey(
  opens: readonly OpenFile[],
  options: OutputOptions,
  context: DeliverContext & { heldBytes: number },
): Promise<Survey> {
  const { gate, heldBytes, maxTotalPixels = Infinity } = context;
  let first: Prepared | null = null;
  let count = 0;
  let pixels = 0;
  for await (const { prepared } of preparePages(opens, options, context)) {
    first ??= prepared;
    gate.check(heldBytes + prepared.plan.memoryBytes);
    pixels = addPixels(pixels, prepared.plan, maxTotalPixels);
    count++;
    await context.onProgress?.(0);
  }
  if (!first) throw new AppError("internal", "There is nothing to merge.");
  return { first, count };
}

async function* preparePages(
  opens: readonly OpenFile[],
  options: OutputOptions,
  context: DeliverContext,
): AsyncGenerator<PreparedPage, void, undefined> {
  let room = context.maxOutputs ?? MAX_OUTPUTS;
  for (const [file, open] of opens.entries()) {
    const whole = await openInput(await open(), options, context);
    const { pages } = whole.source;
    const chosen = choosePages(options, pages, room);
    room -= chosen.length;
    const warnings = warnOfPages(pages, options);
    for (const index of chosen) {
      const input = await pickPicture(whole, index, options);
      yield { input, prepared: prepare(input, options, context), file, warnings };
    }
  }
}

/** The pages as the encoder gets them, and what came of them when it has had all. */
function createWork(
  prepared: () => AsyncIterable<PreparedPage>,
  count: number,
  { gate, onProgress }: DeliverContext,
) {
  const found = new Map<string, FileWarning>();
  let effort: Effort = NO_EFFORT;

  async function* pages(): AsyncGenerator<Page, void, undefined> {
    let done = 0;
    for await (const { input, prepared: page, file, warnings } of prepared()) {
      const { source, plan } = page;
      const workspace = await gate.admit(plan.memoryBytes);
      let outcome: "succeeded" | "failed" = "failed";
      try {
        const strips = render(page, workspace, (part) => onProgress?.((done + part) / count));
        yield {
          picture: { ...plan.output, strips },
          options: plan.encode,
          workspace,
          original: plan.showsInput ? { bytes: input.bytes, source } : null,
          isLast: done === count - 1,
        };
        outcome = "succeeded";
      } finally {
        workspace.close(outcome);
      }
      done++;
      for (const { code, message } of [...source.warnings, ...plan.warnings, ...warnings]) {
        found.set(`${file} ${message}`, { code, message, file });
      }
      const { memoryBytes: plannedBytes } = plan;
      effort = addEfforts(effort, { encodes: 1, plannedBytes, usedBytes: workspace.peakBytes });
      await onProgress?.(done / count);
    }
    if (done !== count) throw new AppError("internal", "The files have changed meanwhile.");
  }

  return {
    pages,
    get warnings(): FileWarning[] {
      return [...found.values()];
    },
    effort: (heldBytes: number): Effort => ({
      ...effort,
      plannedBytes: effort.plannedBytes + heldBytes,
    }),
  };
}

/** What goes on from page to page is admitted for as long as the file is written. */
async function* run(
  encoder: PagesEncoder,
  pages: AsyncIterable<Page>,
  { gate, heldBytes }: DeliverContext & { heldBytes: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const workspace = await gate.admit(heldBytes);
  try {
    yield* encoder.encode(pages);
  } catch (thrown) {
    throw encodeFailure(thrown);
  } finally {
    workspace.close("succeeded");
  }
}
