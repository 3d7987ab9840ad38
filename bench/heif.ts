/**
 * HEIC and AVIF inside workerd: a phone's picture against libheif's own decoder (`heif-convert`,
 * where it is installed) and sharp behind it, AVIF against sharp at the same speed of libaom and the
 * same length of the file, and against @jsquash/avif as it ships. Medians of the same run, ours over
 * theirs, and memory.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { median, printCase, startBench, type Bench, type Timing } from "./support/client.ts";
import { loadPhoto } from "./support/pictures.ts";
import { measureQuality, readLuma, type Plane } from "./support/quality.ts";
import { decodeSharp } from "./support/sharp.ts";

const ROUNDS = 5;
const MIB = 1024 * 1024;
const CORPUS = process.env["CORPUS_DIR"] ?? "../shared/corpus";

const CASES: Readonly<Record<string, (bench: Bench, name: string) => Promise<void>>> = {
  "heic-12mp-to-1600-jpg": compareHeic,
  "avif-1mp": compareAvif,
  "avif-12mp": measureLargeAvif,
};

export async function run(filter?: string): Promise<void> {
  sharp.concurrency(1);
  sharp.cache(false);
  const bench = await startBench();
  try {
    for (const [name, measure] of Object.entries(CASES)) {
      if (!filter || name.includes(filter)) await measure(bench, name);
    }
  } finally {
    await bench.close();
  }
}

const memoryOf = ({ usedBytes = 0, plannedBytes = 0 }: Timing) => ({
  pixels_mib: usedBytes / MIB,
  planned_mib: plannedBytes / MIB,
});

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const WIDTH = 1600;

async function compareHeic(bench: Bench, name: string): Promise<void> {
  const path = join(CORPUS, "heic/iphone8-grid-12mp-orientation-6-display-p3.heic");
  if (!existsSync(path)) {
    console.log(`heif/${name}: the corpus is absent`);
    return;
  }
  await bench.load(name, readFileSync(path));
  const options = { format: "jpg", width: WIDTH };
  let last = await bench.time("pixmill", name, options);
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    last = await bench.time("pixmill", name, options);
    ours.push(last.ms);
    theirs.push(await timeLibheif(path));
  }
  const ratio = median(ours) / median(theirs);
  printCase(`heif/${name}`, {
    libheif: Number.isNaN(ratio) ? "absent" : ratio,
    ...memoryOf(last),
    ms: median(ours),
    libheif_ms: median(theirs),
  });
}

/** In milliseconds; NaN where it is not installed. It decodes with as many threads as it likes. */
async function timeLibheif(path: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "pixmill-bench-"));
  const decoded = join(folder, "decoded.jpg");
  try {
    return await timeOf(async () => {
      execFileSync("heif-convert", [path, decoded], { stdio: "ignore" });
      await sharp(decoded).resize(WIDTH).keepIccProfile().jpeg().toBuffer();
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return NaN;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const QUALITY = 80;
/** Of sharp's, the one that stands for libaom's speed 8, which is our default. */
const SHARP_EFFORT = 1;
/** As ours at this quality, and @jsquash by default. */
const CHROMA = "4:2:0";

async function compareAvif(bench: Bench, name: string): Promise<void> {
  const { jpeg } = await loadPhoto();
  const input = await sharp(jpeg).resize(1152, 864).png().toBuffer();
  const luma = await readLuma(input);
  const raw = { width: 1152, height: 864, channels: 3 } as const;
  const rgb = await decodeSharp(input);
  await bench.load("rgb", rgb);
  await bench.load("rgba", await sharp(input).ensureAlpha().raw().toBuffer());
  const options = { format: "avif", quality: QUALITY, picture: { ...raw, icc: null } };
  const file = await bench.file("encode", "rgb", options);
  const encodeBySharp = (quality: number) =>
    sharp(rgb, { raw }).avif({ quality, effort: SHARP_EFFORT, chromaSubsampling: CHROMA }).toBuffer(); // prettier-ignore
  const quality = await findQuality(file.length, encodeBySharp);
  let last = await bench.time("encode", "rgb", options);
  let jsquash = await bench.time("jsquash-encode", "rgba", options);
  const times = { ours: [] as number[], sharp: [] as number[], jsquash: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    last = await bench.time("encode", "rgb", options);
    times.ours.push(last.ms);
    times.sharp.push(await timeOf(() => encodeBySharp(quality)));
    jsquash = await bench.time("jsquash-encode", "rgba", options);
    times.jsquash.push(jsquash.ms);
  }
  const ms = median(times.ours);
  const peer = await encodeBySharp(quality);
  printCase(`heif/${name}`, {
    sharp: ms / median(times.sharp),
    jsquash: ms / median(times.jsquash),
    ...memoryOf(last),
    ms,
    sharp_ms: median(times.sharp),
    bytes: String(last.bytes),
    sharp_bytes: String(peer.length),
    jsquash_bytes: String(jsquash.bytes),
    ...(await describeQuality(luma, file, "")),
    ...(await describeQuality(luma, peer, "sharp_")),
  });
}

async function describeQuality(original: Plane, file: Uint8Array, prefix: string) {
  const { psnr, ssim } = await measureQuality(original, file);
  return { [`${prefix}psnr`]: psnr, [`${prefix}ssim`]: ssim.toFixed(4) };
}

/** The quality at which sharp's file is nearest to so many bytes. */
async function findQuality(
  bytes: number,
  encode: (quality: number) => Promise<Buffer>,
): Promise<number> {
  let [low, high] = [1, 100];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((await encode(middle)).length < bytes) low = middle;
    else high = middle;
  }
  const off = async (quality: number) => Math.abs((await encode(quality)).length - bytes);
  return (await off(low)) < (await off(high)) ? low : high;
}

async function measureLargeAvif(bench: Bench, name: string): Promise<void> {
  const { jpeg } = await loadPhoto();
  await bench.load(name, jpeg);
  const last = await bench.time("pixmill", name, { format: "avif" });
  printCase(`heif/${name}`, { ...memoryOf(last), ms: last.ms, bytes: String(last.bytes) });
}
