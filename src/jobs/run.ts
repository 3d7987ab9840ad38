/** One attempt at a job, in a consumer: claim it, convert its files, say what came of it. */
import { AppError, toAppError } from "../errors.ts";
import { FORMATS } from "../formats.ts";
import { MAX_OUTPUTS } from "../limits.ts";
import type { ByteSource } from "../pipeline/bytes.ts";
import type { Delivered } from "../pipeline/deliver.ts";
import type { Merged, OpenFile } from "../pipeline/merge.ts";
import type { OutputOptions } from "../pipeline/options.ts";
import type { Warning } from "../pipeline/picture.ts";
import type { Write } from "../pipeline/write.ts";
import { nameOutput } from "./filenames.ts";
import type { InputFile, JobSpec, OutputFile } from "./job.ts";
import {
  attemptPrefix,
  outputKey,
  type Completion,
  type FileStore,
  type JobTracker,
} from "./ports.ts";

/**
 * Converts the pages of a file that are asked for and tells of each when it is stored. `write`
 * stores it and may be called more than once for each.
 */
export type Convert = (
  bytes: ByteSource,
  options: OutputOptions,
  context: {
    maxPixels: number;
    maxTotalPixels: number;
    maxSide: number;
    maxOutputs: number;
    onProgress: (fraction: number) => Promise<void>;
  },
  write: Write,
) => AsyncIterable<Omit<Delivered, "effort">>;

/** Makes one file of all and tells of it when it is stored. */
export type Merge = (
  opens: readonly OpenFile[],
  options: OutputOptions,
  context: Parameters<Convert>[2],
  write: Write,
) => Promise<Omit<Merged, "effort">>;

export interface RunPorts {
  tracker: JobTracker;
  files: FileStore;
  convert: Convert;
  merge: Merge;
}

/** Sign of life where no progress is made: waiting for memory, or for a slow codec. */
const HEARTBEAT_MS = 10_000;

/** Progress worth a call, in points of a hundred. */
const REPORT_STEP = 20;

/** Work without a pause, where the clock advances during it; deployed it stands still meanwhile. */
const REST_AFTER_MS = 50;

/**
 * Works on the job until it ends, unless it has ended, is unknown or is somebody else's. Errors of
 * the conversion are reported to the tracker, which decides on trying again.
 * @throws whatever the tracker throws when it cannot be reached: the message must be tried again
 */
export async function runJob({ tracker, files, convert, merge }: RunPorts): Promise<void> {
  const claim = await tracker.claim();
  if (claim.kind !== "granted") return;
  const { job, attempt } = claim;
  const reporter = startReporter(tracker, attempt);
  let finish: () => Promise<boolean>;
  try {
    const completion = job.output.merge
      ? await mergeAll(job, attempt, files, merge, reporter.report)
      : await convertAll(job, attempt, files, convert, reporter.report);
    finish = () => tracker.complete(attempt, completion);
  } catch (thrown) {
    const error = toAppError(thrown);
    const { code, publicMessage: message, traits } = error;
    if (traits.report) console.error(`job ${job.id}, attempt ${attempt}: ${code}`, error);
    finish = () => tracker.fail(attempt, { code, message }, traits.retryable);
  } finally {
    reporter.stop();
  }
  // Stopped or overtaken: whatever this attempt has written is nobody's.
  const counts = !reporter.stopped && (await finish());
  if (!counts) await files.removeAll(attemptPrefix(job.id, attempt));
}

async function convertAll(
  job: JobSpec,
  attempt: number,
  files: FileStore,
  convert: Convert,
  report: (progress: number) => Promise<void>,
): Promise<Completion> {
  const { inputs } = job;
  const outputs: OutputFile[] = [];
  const warnings: Warning[] = [];
  for (const [index, input] of inputs.entries()) {
    const onProgress = restNowAndThen((fraction) =>
      report(((index + fraction) / inputs.length) * 100),
    );
    try {
      const file = await files.open(input.key, input.etag);
      const context = { ...job.limits, maxOutputs: MAX_OUTPUTS - outputs.length, onProgress };
      const keyOfNext = () => outputKey(job.id, attempt, outputs.length);
      const write: Write = (chunks, type) => files.write(keyOfNext(), chunks, type);
      const found = new Map<string, Warning>();
      for await (const made of convert(file, job.output, context, write)) {
        for (const warning of made.warnings) found.set(warning.message, warning);
        outputs.push(describeOutput(job, input, made, keyOfNext(), outputs));
      }
      for (const { code, message } of found.values()) {
        warnings.push({ code, message: about(job, input, message) });
      }
    } catch (thrown) {
      throw failureOf(job, input, thrown);
    }
    if (index + 1 < inputs.length) await report(((index + 1) / inputs.length) * 100);
  }
  return { outputs, warnings };
}

async function mergeAll(
  job: JobSpec,
  attempt: number,
  files: FileStore,
  merge: Merge,
  report: (progress: number) => Promise<void>,
): Promise<Completion> {
  const [first] = job.inputs;
  if (!first) return { outputs: [], warnings: [] };
  const key = outputKey(job.id, attempt, 0);
  let current = first;
  const opens = job.inputs.map((input) => () => {
    current = input;
    return files.open(input.key, input.etag);
  });
  const onProgress = restNowAndThen((fraction) => report(fraction * 100));
  const context = { ...job.limits, maxOutputs: MAX_OUTPUTS, onProgress };
  try {
    const write: Write = (chunks, type) => files.write(key, chunks, type);
    const made = await merge(opens, job.output, context, write);
    const warnings = made.warnings.map(({ file, code, message }) => ({
      code,
      message: about(job, job.inputs[file] ?? first, message),
    }));
    return { outputs: [describeOutput(job, first, { ...made, page: null }, key, [])], warnings };
  } catch (thrown) {
    throw failureOf(job, current, thrown);
  }
}

/** Where there are several files a message says which one it is about. */
const about = ({ inputs }: JobSpec, { filename }: InputFile, message: string): string =>
  inputs.length > 1 ? `${filename}: ${message}` : message;

function failureOf(job: JobSpec, input: InputFile, thrown: unknown): AppError {
  const { code, publicMessage, details, cause } = toAppError(thrown);
  return new AppError(code, about(job, input, publicMessage), details, { cause });
}

function describeOutput(
  { output: { pages } }: JobSpec,
  input: InputFile,
  { format, mimeType, width, height, source, sizeBytes, page }: Omit<Delivered, "effort">,
  key: string,
  others: readonly OutputFile[],
): OutputFile {
  const taken = others.map(({ filename }) => filename);
  const numbered = pages === null ? null : page;
  const filename = nameOutput(input.filename, FORMATS[format].name, taken, numbered);
  const id = String(others.length);
  return { id, filename, format, mimeType, sizeBytes, width, height, source, page, key };
}

/**
 * Lets the event loop turn as a file proceeds. Codecs and calls to other Workers of one process
 * follow each other without a pause, and until there is one no request is read: where all Workers
 * share a process, as locally, nobody could watch or cancel the job.
 */
function restNowAndThen(
  report: (fraction: number) => Promise<void>,
): (fraction: number) => Promise<void> {
  let rested = Date.now();
  return async (fraction) => {
    if (Date.now() - rested >= REST_AFTER_MS) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      rested = Date.now();
    }
    await report(fraction);
  };
}

/** Reports progress now and then, and life always; throws from `report` once told to stop. */
function startReporter(tracker: JobTracker, attempt: number) {
  let reported = 0;
  const reporter = {
    stopped: false,
    stop: () => clearInterval(heartbeat),
    /** @throws AppError lease_lost when the job was canceled or is somebody else's by now */
    async report(progress: number): Promise<void> {
      if (progress - reported >= REPORT_STEP) await send(progress);
      if (reporter.stopped) throw new AppError("lease_lost", "The conversion was stopped.");
    },
  };
  const send = async (progress: number) => {
    reported = progress;
    const { stop } = await tracker.report(attempt, progress);
    reporter.stopped ||= stop;
  };
  // One that is lost does no harm: the next follows before the lease runs out.
  const heartbeat = setInterval(() => void send(reported).catch(() => undefined), HEARTBEAT_MS);
  return reporter;
}
