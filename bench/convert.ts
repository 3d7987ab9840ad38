/**
 * The main jobs on a 12-megapixel photo inside workerd, against sharp with one thread and against
 * @jsquash as shipped, in the same run. Ratios are medians, ours over theirs.
 */
import sharp from "sharp";
import { median, printCase, startBench, type Bench } from "./support/client.ts";
import { measureGrowth } from "./support/growth.ts";
import { loadPhoto } from "./support/pictures.ts";
import { runSharp } from "./support/sharp.ts";

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
  if (!filter) await printGrowth(inputs);
}

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

async function printGrowth(inputs: Record<string, Uint8Array>) {
  const { inRow, afterRow, inBurst, afterBurst } = await measureGrowth(inputs, CASES);
  printCase("convert/200-in-a-row", { rss_growth_mib: inRow, rss_mib: afterRow });
  printCase("convert/burst-of-20", { rss_growth_mib: inBurst, rss_mib: afterBurst });
}
