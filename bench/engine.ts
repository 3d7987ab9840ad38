/**
 * The pixel engine's goals, one line each: time over sharp's (one thread) and over that of @jsquash
 * as shipped, medians of the same run; the memory that the engine used and planned; and for
 * encoders the files' lengths, also at equal quality. What cannot be done is `unsupported`, with
 * the code of its error. `sharp_limit` and `mib_limit` are the goals.
 */
import { loadavg } from "node:os";
import { BenchError, median, printCase, startBench, type Bench } from "./support/client.ts";
import { CASES, type Case } from "./support/engine-cases.ts";
import { createInputs, type Inputs } from "./support/engine-inputs.ts";
import { measureGrowth } from "./support/growth.ts";
import { bytesAt, measureQuality, type Point } from "./support/quality.ts";
import { runSharp } from "./support/sharp.ts";

const MIB = 1024 * 1024;
const WARM_UPS = 4;
const GROWTH_CASE = "200-mixed-jobs";
const GROWTH_LIMIT_MIB = 150;
/** Qualities at which the peer's files are weighed, beside the case's own. */
const QUALITY_STEPS = [-8, 0, 8];

export async function run(filter?: string): Promise<void> {
  const inputs = await createInputs();
  console.log(`input: ${inputs.from}`);
  const names = [...CASES.map(({ name }) => name), GROWTH_CASE];
  const chosen = names.includes(filter ?? "")
    ? [filter]
    : names.filter((name) => !filter || name.includes(filter));
  const cases = CASES.filter(({ name }) => chosen.includes(name));
  if (cases.length > 0) {
    const bench = await startBench();
    try {
      for (const each of cases) await printRow(bench, each, inputs);
    } finally {
      await bench.close();
    }
  }
  if (chosen.includes(GROWTH_CASE)) await printGrowth(inputs);
}

type Fields = Record<string, number | string>;

async function printRow(bench: Bench, each: Case, inputs: Inputs): Promise<void> {
  const goals = { sharp_limit: each.sharpLimit, mib_limit: each.mibLimit, load: loadavg()[0] ?? 0 };
  let fields: Fields;
  try {
    fields = await compare(bench, each, inputs);
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    fields = { unsupported: error.code };
  }
  printCase(`engine/${each.name}`, { ...fields, ...goals });
}

async function compare(bench: Bench, each: Case, inputs: Inputs): Promise<Fields> {
  const { runner, input, rounds, peer } = each;
  const options = inputs.describe(each);
  const bytes = await inputs.get(input);
  await inputs.load(bench, input);
  let last = await bench.time(runner, input, options);
  // Kernels are compiled in two tiers, the second in the background while they run.
  for (let round = 1; round < Math.min(rounds, WARM_UPS); round++)
    await bench.time(runner, input, options);
  let reference = await peer(bytes, inputs.photo);
  const ours: number[] = [];
  const sharps: number[] = [];
  for (let round = 0; round < rounds; round++) {
    last = await bench.time(runner, input, options);
    ours.push(last.ms);
    const start = performance.now();
    reference = await peer(bytes, inputs.photo);
    sharps.push(performance.now() - start);
  }
  const jsquash = await timeJsquash(bench, each, inputs);
  return {
    sharp: median(ours) / median(sharps),
    jsquash: typeof jsquash === "number" ? median(ours) / jsquash : jsquash,
    pixels_mib: (last.usedBytes ?? 0) / MIB,
    planned_mib: (last.plannedBytes ?? 0) / MIB,
    ms: median(ours),
    sharp_ms: median(sharps),
    ...(typeof jsquash === "number" ? { jsquash_ms: jsquash } : {}),
    ...(each.makesFile ? { bytes: String(last.bytes), size: last.bytes / reference.length } : {}),
    ...(each.peerFormat ? await compareQuality(bench, each, inputs) : {}),
  };
}

/** Twice, of which the second counts; or the code of what went wrong. */
async function timeJsquash(bench: Bench, each: Case, inputs: Inputs): Promise<number | string> {
  const { input, options } = inputs.ofJsquash(each);
  await inputs.load(bench, input);
  try {
    if (each.rounds > 1) await bench.time(each.jsquashRunner, input, options);
    return (await bench.time(each.jsquashRunner, input, options)).ms;
  } catch (error) {
    if (error instanceof BenchError) return error.code;
    throw error;
  }
}

/** The peer's files around the case's quality, and how long ours is beside them at equal quality. */
async function compareQuality(bench: Bench, each: Case, inputs: Inputs): Promise<Fields> {
  const { runner, input, peerFormat } = each;
  if (!peerFormat) return {};
  const original = await inputs.luma();
  const file = await bench.file(runner, input, inputs.describe(each));
  const own = await measureQuality(original, file);
  const bytes = await inputs.get("jpeg");
  const points: Point[] = [];
  for (const step of QUALITY_STEPS) {
    const made = await runSharp(bytes, { ...peerFormat, quality: peerFormat.quality + step });
    points.push({ ...(await measureQuality(original, made)), bytes: made.length });
  }
  const same = points[QUALITY_STEPS.indexOf(0)] as Point;
  return {
    psnr: own.psnr,
    psnr_over_sharp: own.psnr - same.psnr,
    ssim: own.ssim.toFixed(4),
    sharp_ssim: same.ssim.toFixed(4),
    size_at_psnr: file.length / bytesAt(points, "psnr", own.psnr),
    size_at_ssim: file.length / bytesAt(points, "ssim", own.ssim),
  };
}

async function printGrowth(inputs: Inputs): Promise<void> {
  const jobs = CASES.filter(({ runner, rounds }) => runner === "pixmill" && rounds > 1);
  const files: Record<string, Uint8Array> = {};
  for (const { input } of jobs) files[input] = await inputs.get(input);
  const { inRow, afterRow } = await measureGrowth(files, jobs);
  printCase(`engine/${GROWTH_CASE}`, {
    rss_growth_mib: inRow,
    rss_mib: afterRow,
    rss_limit_mib: GROWTH_LIMIT_MIB,
    load: loadavg()[0] ?? 0,
  });
}
