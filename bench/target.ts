/**
 * What a limit in bytes costs, on a 12-megapixel photo inside workerd: time over that of one plain
 * conversion in the same run (medians), how much of the limit is used, and the same for a bisection
 * over quality with sharp.
 */
import sharp from "sharp";
import { median, printCase, startBench, type Bench } from "./support/client.ts";
import { loadPhoto } from "./support/pictures.ts";

const ROUNDS = 5;
const HIGHEST_QUALITY = 95;

interface Case {
  name: string;
  options: { format: "jpg" | "webp"; width?: number };
  /** The limit, as a share of what quality 80 gives. */
  share: number;
}

const FULL = { format: "jpg" } as const;
const WEB = { format: "webp", width: 800 } as const;

const CASES: Case[] = [
  { name: "jpeg-40%", options: FULL, share: 0.4 },
  { name: "jpeg-60%", options: FULL, share: 0.6 },
  { name: "jpeg-130%", options: FULL, share: 1.3 },
  { name: "jpeg-10%-shrinks", options: FULL, share: 0.1 },
  { name: "800-webp-50%", options: WEB, share: 0.5 },
  { name: "800-webp-10%-shrinks", options: WEB, share: 0.1 },
];

export async function run(filter?: string): Promise<void> {
  sharp.concurrency(1);
  sharp.cache(false);
  const { jpeg, from } = await loadPhoto();
  console.log(`input: ${from}, JPEG ${jpeg.length} B`);
  const bench = await startBench();
  try {
    await bench.load("jpeg", jpeg);
    for (const each of CASES.filter(({ name }) => !filter || name.includes(filter))) {
      await compare(bench, each, jpeg);
    }
  } finally {
    await bench.close();
  }
}

async function compare(bench: Bench, { name, options, share }: Case, jpeg: Buffer) {
  const plain = { ...options, quality: 80 };
  const maxBytes = Math.round((await bench.time("pixmill", "jpeg", plain)).bytes * share);
  const limited = { ...options, quality: HIGHEST_QUALITY, maxBytes };
  let last = await bench.time("pixmill", "jpeg", limited);
  const plains: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    plains.push((await bench.time("pixmill", "jpeg", plain)).ms);
    last = await bench.time("pixmill", "jpeg", limited);
    ours.push(last.ms);
  }
  const theirs = await bisect(jpeg, options, maxBytes);
  printCase(`target/${name}`, {
    ratio_to_plain: median(ours) / median(plains),
    encodes: String(last.encodes),
    used_of_limit: last.bytes / maxBytes,
    ms: median(ours),
    plain_ms: median(plains),
    limit: String(maxBytes),
    sharp_ratio_to_plain: theirs.ratio,
    sharp_used_of_limit: theirs.used,
  });
}

/** Over quality alone: `used` is NaN where that does not reach the limit. */
async function bisect(jpeg: Buffer, { format, width }: Case["options"], maxBytes: number) {
  const encode = async (quality: number) => {
    const pipeline = sharp(jpeg).rotate().keepIccProfile();
    if (width) pipeline.resize(width);
    const start = performance.now();
    const file = await (
      format === "jpg" ? pipeline.jpeg({ quality }) : pipeline.webp({ quality })
    ).toBuffer();
    return { bytes: file.length, ms: performance.now() - start };
  };
  const plain = await encode(80);
  let [low, high, best, ms] = [1, HIGHEST_QUALITY, NaN, 0];
  while (low <= high) {
    const quality = Math.floor((low + high) / 2);
    const made = await encode(quality);
    ms += made.ms;
    if (made.bytes <= maxBytes) [best, low] = [made.bytes, quality + 1];
    else high = quality - 1;
  }
  return { ratio: ms / plain.ms, used: best / maxBytes };
}
