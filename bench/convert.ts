/**
 * The main jobs on a 12-megapixel photo inside workerd, against sharp with one thread and against
 * @jsquash as shipped, in the same run. Ratios are medians, ours over theirs.
 */
import sharp from "sharp";
import { readResidentMib } from "../test/support/resident.ts";
import { median, printCase, startBench } from "./support/client.ts";
import { loadPhoto } from "./support/pictures.ts";

const ROUNDS = 9;
const JSQUASH_ROUNDS = 3;
const MIB = 1024 * 1024;

interface Case {
  name: string;
  input: "jpeg" | "png";
  options: { format: "jpg" | "png" | "webp"; quality?: number; width?: number };
}

const CASES: Case[] = [
  { name: "jpeg-to-800-webp", input: "jpeg", options: { format: "webp", quality: 80, width: 800 } },
  {
    name: "jpeg-to-1600-jpeg",
    input: "jpeg",
    options: { format: "jpg", quality: 80, width: 1600 },
  },
  { name: "jpeg-to-full-jpeg", input: "jpeg", options: { format: "jpg", quality: 80 } },
  { name: "png-to-800-png", input: "png", options: { format: "png", width: 800 } },
];

export async function run(filter?: string): Promise<void> {
  sharp.concurrency(1);
  sharp.cache(false);
  const { jpeg, from } = await loadPhoto();
  const png = await sharp(jpeg).removeAlpha().png({ compressionLevel: 6 }).toBuffer();
  console.log(`input: ${from}, JPEG ${jpeg.length} B, PNG ${png.length} B`);
  const inputs = { jpeg, png };

  const bench = await startBench();
  try {
    for (const [name, bytes] of Object.entries(inputs)) await bench.load(name, bytes);
    const cases = CASES.filter(({ name }) => !filter || name.includes(filter));
    for (const each of cases) await compare(bench, each, inputs[each.input]);
  } finally {
    await bench.close();
  }
  if (!filter) await measureGrowth(inputs);
}

type Bench = Awaited<ReturnType<typeof startBench>>;

async function compare(bench: Bench, { name, input, options }: Case, bytes: Buffer) {
  const ours: number[] = [];
  const sharps: number[] = [];
  const jsquashs: number[] = [];
  let last = await bench.time("pixmill", input, options);
  await runSharp(bytes, options);
  await bench.time("jsquash", input, options);
  for (let round = 0; round < ROUNDS; round++) {
    last = await bench.time("pixmill", input, options);
    ours.push(last.ms);
    const start = performance.now();
    await runSharp(bytes, options);
    sharps.push(performance.now() - start);
    if (round < JSQUASH_ROUNDS) jsquashs.push((await bench.time("jsquash", input, options)).ms);
  }
  const fields: Record<string, number | string> = {
    sharp: median(ours) / median(sharps),
    jsquash: median(ours) / median(jsquashs),
    pixels_mib: (last.usedBytes ?? 0) / MIB,
    planned_mib: (last.plannedBytes ?? 0) / MIB,
    ms: median(ours),
    sharp_ms: median(sharps),
    jsquash_ms: median(jsquashs),
    bytes: String(last.bytes),
    sharp_bytes: String((await runSharp(bytes, options)).length),
  };
  if (input === "png") {
    fields["inflate_share"] = (await bench.time("inflate", input, options)).ms / median(ours);
  }
  printCase(`convert/${name}`, fields);
}

async function runSharp(bytes: Buffer, { format, quality, width }: Case["options"]) {
  const pipeline = sharp(bytes).rotate();
  if (width) pipeline.resize(width);
  // Colour handled alike on both sides: the profile is kept.
  pipeline.keepIccProfile();
  if (format === "jpg") pipeline.jpeg({ quality: quality ?? 80 });
  else if (format === "webp") pipeline.webp({ quality: quality ?? 80 });
  else pipeline.png();
  return await pipeline.toBuffer();
}

/** Resident growth of the runtime over 200 jobs in a row, then over a burst of 20 at once. */
async function measureGrowth(inputs: Record<string, Uint8Array>) {
  // A runtime of its own: the peers' memory must not hide ours.
  const bench = await startBench();
  for (const [name, bytes] of Object.entries(inputs)) await bench.load(name, bytes);
  const job = (i: number) => {
    const { input, options } = CASES[i % CASES.length] as Case;
    return bench.time("pixmill", input, options);
  };
  for (let i = 0; i < 2 * CASES.length; i++) await job(i);
  const before = readResidentMib();
  for (let i = 0; i < 200; i++) await job(i);
  const afterRow = readResidentMib();
  printCase("convert/200-in-a-row", { rss_growth_mib: afterRow - before, rss_mib: afterRow });
  await Promise.all(Array.from({ length: 20 }, (_, i) => job(i)));
  const afterBurst = readResidentMib();
  printCase("convert/burst-of-20", { rss_growth_mib: afterBurst - before, rss_mib: afterBurst });
  await bench.close();
}
