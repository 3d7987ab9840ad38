/** Runs a conversion: header, plan, admission, then decode → operations → encode as one stream. */
import { encoderOf, openerOf, type Encoder, type LaneCodecs } from "../codecs/codec.ts";
import { AppError } from "../errors.ts";
import { sniffFormat } from "../find-format.ts";
import { SNIFF_BYTES } from "../magic.ts";
import { FORMATS, type FormatName } from "../formats.ts";
import { ENGINE } from "../kernels/engine.ts";
import { MAX_SIDE } from "../limits.ts";
import type { ByteSource } from "./bytes.ts";
import { decodeFailure, encodeFailure } from "./failures.ts";
import { fitDrawing } from "./fit-drawing.ts";
import type { MemoryGate, Workspace } from "./memory.ts";
import { resolveOptions, type OutputOptions, type ResolvedOptions } from "./options.ts";
import type { Frame, Picture, Source, SourceInfo, Strip, Warning } from "./picture.ts";
import { makePlan, type Plan, type PlannedAnimation } from "./plan.ts";

export interface Conversion {
  format: FormatName;
  mimeType: string;
  extension: string;
  width: number;
  height: number;
  source: SourceInfo;
  /** Complete when the file is: decoders find some of them on the way. */
  readonly warnings: Warning[];
  plannedBytes: number;
  /** The most the conversion has held so far, of what was planned. */
  usedBytes(): number;
  /**
   * The file. The work is done, and memory is held, only while this is iterated; waiting for
   * admission is part of it. Can be iterated once.
   */
  chunks: AsyncIterable<Uint8Array>;
}

/** A file, or one of its pages. */
export interface Input {
  /** All of it. */
  bytes: ByteSource;
  source: Source;
}

export interface ConvertContext {
  codecs: LaneCodecs;
  gate: MemoryGate;
  maxPixels: number;
  /** Of all pages or frames together that are taken; without it each is only held to `maxPixels`. */
  maxTotalPixels?: number;
  maxSide?: number;
  /** Memory that is held beside the conversion. */
  heldBytes?: number;
  /** Called some tens of times at most, by rows decoded; may throw to stop the conversion. */
  onProgress?(fraction: number): Promise<void> | void;
}

const PROGRESS_STEPS = 20;

/** What the input's header and the options decide. */
export interface Prepared {
  source: Source;
  options: ResolvedOptions;
  plan: Plan;
  encoder: Encoder;
}

/**
 * Plans a conversion. Whatever is thrown is an AppError.
 * @param reduction what is left of each side, up to 1
 */
export function prepare(
  { source }: Input,
  asked: OutputOptions,
  {
    codecs,
    gate,
    maxPixels,
    maxTotalPixels = Infinity,
    maxSide = MAX_SIDE,
    heldBytes = 0,
  }: ConvertContext,
  reduction = 1,
): Prepared {
  const options = resolveOptions(asked, source);
  const encoder = encoderOf(codecs, options.format);
  const limits = { maxPixels, maxTotalPixels, maxSide, memoryBytes: gate.budgetBytes - heldBytes };
  const planAt = (left: number) => makePlan(source, options, encoder, limits, left);
  const plan = fitDrawing(source, options, limits.memoryBytes, planAt, reduction);
  return { source, options, plan, encoder };
}

/**
 * One conversion, checked and planned by the file's header, without regard to its size in bytes.
 * Whatever is thrown, here and by `chunks`, is an AppError.
 */
export function convert(
  input: Input,
  options: OutputOptions,
  context: ConvertContext,
  reduction = 1,
): Conversion {
  return start(prepare(input, options, context, reduction), context);
}

/** @throws AppError memory_limit */
export function start(prepared: Prepared, context: ConvertContext): Conversion {
  const { source, options, plan } = prepared;
  context.gate.check(plan.memoryBytes);
  const { name, mimeType } = FORMATS[options.format];
  let usedBytes = () => 0;
  const chunks = run(prepared, context, (workspace) => {
    usedBytes = () => workspace.peakBytes;
  });
  return {
    format: options.format,
    mimeType,
    extension: name,
    width: plan.output.width,
    height: plan.output.height,
    source: { format: source.format, width: source.width, height: source.height },
    get warnings() {
      return [...source.warnings, ...plan.warnings];
    },
    plannedBytes: plan.memoryBytes,
    usedBytes: () => usedBytes(),
    chunks,
  };
}

/** Opens a file by what its first bytes say. Whatever is thrown is an AppError. */
export async function openInput(
  bytes: ByteSource,
  { dpi, password, background }: OutputOptions,
  { codecs, gate, maxPixels, maxSide = MAX_SIDE }: ConvertContext,
): Promise<Input> {
  if (bytes.size === 0) throw new AppError("empty_file", "The file is empty.");
  const format = sniffFormat(await bytes.read(0, SNIFF_BYTES));
  if (!format) {
    throw new AppError("unsupported_input_format", "The file is of no format that we can read.");
  }
  const open = openerOf(codecs, format);
  const transparent = background !== null && background.alpha < 1;
  const context = { gate, maxPixels, maxSide, dpi, password, transparent };
  try {
    return { bytes, source: await open(bytes, context) };
  } catch (thrown) {
    throw decodeFailure(thrown);
  }
}

/** Another page of the same file. @param index from 0 to `source.pages` - 1 */
export async function openPage({ bytes, source }: Input, index: number): Promise<Input> {
  if (index === 0 || !source.page) return { bytes, source };
  try {
    return { bytes, source: await source.page(index) };
  } catch (thrown) {
    throw decodeFailure(thrown);
  }
}

async function* run(
  prepared: Prepared,
  { gate, onProgress }: ConvertContext,
  onAdmitted: (workspace: Workspace) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { plan, encoder } = prepared;
  const workspace = await gate.admit(plan.memoryBytes);
  onAdmitted(workspace);
  let outcome: "succeeded" | "failed" = "failed";
  try {
    const { animation, output } = plan;
    yield* animation
      ? animation.encoder.encode(
          {
            ...animation.info,
            pictures: renderFrames(plan, animation, workspace, onProgress),
          },
          plan.encode,
          workspace,
        )
      : encoder.encode(
          { ...output, strips: render(prepared, workspace, onProgress) },
          plan.encode,
          workspace,
        );
    outcome = "succeeded";
  } catch (thrown) {
    throw encodeFailure(thrown);
  } finally {
    // Also reached when the receiver stops early.
    workspace.close(outcome);
  }
}

/** The strips that the encoder gets. */
export function render(
  { source, plan }: Prepared,
  workspace: Workspace,
  onProgress: ConvertContext["onProgress"],
): AsyncIterable<Strip> {
  const onRows = countRows(plan, onProgress);
  let strips = anew(() => decode(source, plan, workspace, onRows));
  for (const step of plan.steps) {
    const before = strips;
    strips = anew(() => step.run(before, workspace));
  }
  return strips;
}

/** Iterated again, it is made again. */
function anew(make: () => AsyncIterable<Strip>): AsyncIterable<Strip> {
  return { [Symbol.asyncIterator]: () => make()[Symbol.asyncIterator]() };
}

/** Called with the number of rows that a pass has decoded so far. */
type OnRows = (rows: number) => Promise<void>;

/** Progress over all passes. One that starts again with the first rows is the next. */
function countRows({ decoded, passes }: Plan, onProgress: ConvertContext["onProgress"]): OnRows {
  let pass = -1;
  let before = Infinity;
  let reported = 0;
  return async (rows) => {
    if (rows < before) pass++;
    before = rows;
    const fraction = (pass + rows / decoded.height) / passes;
    const steps = Math.floor(fraction * PROGRESS_STEPS);
    if (steps <= reported) return;
    reported = steps;
    await onProgress?.(fraction);
  };
}

/**
 * The frames that the encoder gets. What the steps and the encoder take for one of them is given
 * back before the next.
 */
export async function* renderFrames(
  plan: Plan,
  { source, info: { frames } }: PlannedAnimation,
  workspace: Workspace,
  onProgress: ConvertContext["onProgress"],
): AsyncGenerator<Frame, void, undefined> {
  // Before the first mark: one that is taken behind it is wiped as a whole.
  await workspace.take(ENGINE);
  let done = 0;
  for await (const frame of translated(source.frames(plan.decode, workspace))) {
    const mark = workspace.mark();
    let strips = translated(frame.strips);
    for (const step of plan.steps) strips = step.run(strips, workspace);
    yield { ...plan.output, durationMs: frame.durationMs, strips };
    workspace.rewind(mark);
    done++;
    await onProgress?.(done / frames);
  }
  if (done !== frames) throw new AppError("invalid_image", "The animation has lost frames.");
}

/** The decoder's strips; its failures are told apart from those of what comes after it. */
async function* decode(
  source: Source,
  { decode: decodePlan, decoded }: Plan,
  workspace: Workspace,
  onRows: OnRows,
): AsyncIterable<Strip> {
  let picture: Picture;
  try {
    picture = await source.picture(decodePlan, workspace);
  } catch (thrown) {
    throw decodeFailure(thrown);
  }
  const { width, height, channels } = picture;
  if (width !== decoded.width || height !== decoded.height || channels !== decoded.channels) {
    throw new AppError("invalid_image", "The picture is not of the size that its header says.");
  }
  let rows = 0;
  for await (const strip of translated(picture.strips)) {
    yield strip;
    rows += strip.rows;
    await onRows(rows);
  }
  if (rows < height) throw new AppError("truncated_image", "The picture ends too early.");
}

async function* translated<T>(decoded: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* decoded;
  } catch (thrown) {
    throw decodeFailure(thrown);
  }
}
