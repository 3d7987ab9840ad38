/** `npm run convert`: one file through the whole service. */
import { mkdtemp, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, extname, join, parse } from "node:path";
import { findWritableFormat, writableFormats } from "../find-format.ts";
import { readArguments, runCommand, UsageError } from "./arguments.ts";
import {
  cancelJob,
  downloadFile,
  followJob,
  ServiceError,
  submitFile,
  type RemoteJob,
} from "./client.ts";
import { listOptions, normaliseArguments, toMemberValue } from "./options.ts";
import { showProgress, type Progress } from "./progress.ts";
import { startStack } from "./stack.ts";

const OPTIONS = listOptions();

const USAGE = `usage: npm run convert -- INPUT OUTPUT [--option value ...]

Converts INPUT to the format that OUTPUT's extension names (${writableFormats().join(", ")}).

${OPTIONS.map(({ flag, values }) => `  --${flag.padEnd(16)} ${values}`).join("\n")}

  --url URL --key KEY  a running service and a key for it (also PIXMILL_URL, PIXMILL_KEY);
                       without them a local one is started and stopped again`;

interface Task {
  input: string;
  output: string;
  /** The native request's `output`. */
  options: Record<string, unknown>;
  /** A running service, if one was named. */
  remote: { url: string; key: string } | undefined;
}

await runCommand(async () => {
  const args = process.argv.slice(2);
  if (args.includes("--help") || args.includes("-h")) {
    console.log(USAGE);
    return;
  }
  const task = await readTask(args);
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => stopping.abort(new Error("Stopped.")));
  }
  const progress = showProgress(process.stderr);
  try {
    const outputs = await convert(task, progress, stopping.signal);
    for (const output of outputs) console.log(`${output}: ${(await stat(output)).size} bytes`);
  } catch (error) {
    progress.end();
    throw stopping.signal.aborted ? stopping.signal.reason : error;
  }
});

async function readTask(args: string[]): Promise<Task> {
  const text = { type: "string" } as const;
  const { values, positionals } = readArguments({
    args: normaliseArguments(args, OPTIONS),
    allowPositionals: true,
    options: {
      url: text,
      key: text,
      ...Object.fromEntries(OPTIONS.map(({ flag }) => [flag, text])),
    },
  });
  const [input, output, ...rest] = positionals;
  if (!input || !output || rest.length > 0) throw new UsageError(USAGE);
  const given = values as Record<string, string | undefined>;
  const options: Record<string, unknown> = { output_format: readFormat(output) };
  for (const spec of OPTIONS) {
    const value = given[spec.flag];
    if (value !== undefined) options[spec.member] = toMemberValue(spec, value);
  }
  const remote = readRemote(given["url"], given["key"]);
  await checkInput(input);
  await checkFolder(dirname(output));
  return { input, output, options, remote };
}

function readFormat(output: string): string {
  const format = findWritableFormat(extname(output));
  if (format) return format;
  throw new UsageError(
    `${output}: the extension names no format; there are ${writableFormats().join(", ")}.`,
  );
}

async function checkInput(input: string): Promise<void> {
  const found = await stat(input).catch(() => undefined);
  if (!found) throw new Error(`${input}: no such file.`);
  if (!found.isFile()) throw new Error(`${input}: not a file.`);
}

/** Before any work: a file that cannot be written is no use converting. */
async function checkFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new Error(`${folder}: no such folder.`);
}

function readRemote(
  url = process.env["PIXMILL_URL"],
  key = process.env["PIXMILL_KEY"],
): Task["remote"] {
  if (!url && !key) return undefined;
  if (!url || !key) throw new UsageError("--url and --key are given together, or neither is.");
  if (!URL.canParse(url)) throw new UsageError(`--url ${url}: not a URL.`);
  return { url, key };
}

/** @returns the files that were written */
async function convert(task: Task, progress: Progress, signal: AbortSignal): Promise<string[]> {
  if (task.remote) return await convertAt(task.remote, task, progress, signal);
  progress.show("starting");
  const stateDir = await mkdtemp(join(tmpdir(), "pixmill-"));
  try {
    const stack = await startStack({ port: 0, stateDir, signal });
    try {
      return await convertAt(stack, task, progress, signal);
    } finally {
      await stack.stop();
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function convertAt(
  { url, key }: { url: string; key: string },
  task: Task,
  progress: Progress,
  signal: AbortSignal,
): Promise<string[]> {
  const service = { url, key, signal };
  progress.show("uploading", 0);
  const { id } = await submitFile(service, task.input, task.options, (fraction) =>
    progress.show("uploading", fraction),
  );
  const cancel = () => void cancelJob(service, id).catch(() => undefined);
  signal.addEventListener("abort", cancel);
  progress.show("queued", 0);
  const job = await followJob(service, id, (state) =>
    progress.show(state.status, state.progress / 100),
  );
  signal.removeEventListener("abort", cancel);
  if (job.status !== "succeeded" || !job.download_url) {
    const { message, code } = job.error ?? {
      message: `The job was ${job.status}.`,
      code: job.status,
    };
    throw new ServiceError(`${message} (${code})`);
  }
  const files = listFiles(job.download_url, job.outputs ?? [], task.output);
  for (const { path, output } of files) await saveDownload(service, path, output, progress);
  progress.end();
  for (const { message } of job.warnings ?? []) console.error(`note: ${message}`);
  return files.map(({ output }) => output);
}

/** Several outputs are named after their pages: "scan.png" is "scan-1.png", "scan-2.png", ... */
function listFiles(
  downloadUrl: string,
  outputs: NonNullable<RemoteJob["outputs"]>,
  output: string,
): { path: string; output: string }[] {
  if (outputs.length < 2) return [{ path: downloadUrl, output }];
  const { dir, name, ext } = parse(output);
  return outputs.map(({ id, page }) => ({
    path: `${downloadUrl}?output=${id}`,
    output: join(dir, `${name}-${page ?? id}${ext}`),
  }));
}

/** The output appears whole or not at all. */
async function saveDownload(
  service: { url: string; key: string; signal: AbortSignal },
  path: string,
  output: string,
  progress: Progress,
): Promise<void> {
  const partial = `${output}.${process.pid}.part`;
  try {
    await downloadFile(service, path, partial, (fraction) =>
      progress.show("downloading", fraction),
    );
    await rename(partial, output);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
