/**
 * Animations inside workerd, against sharp with one thread in the same run: time and length of the
 * file, medians, ours over theirs.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { median, printCase, startBench, type Bench } from "./support/client.ts";

const ROUNDS = 5;
const MIB = 1024 * 1024;
const CORPUS = process.env["CORPUS_DIR"] ?? "../shared/corpus";

interface Case {
  name: string;
  options: { format: "webp" | "gif"; quality?: number; lossless?: boolean; width?: number };
}

const CASES: Case[] = [
  { name: "gif-42-frames-to-webp", options: { format: "webp", quality: 80 } },
  { name: "gif-42-frames-to-lossless-webp", options: { format: "webp", lossless: true } },
  { name: "gif-42-frames-to-120-webp", options: { format: "webp", quality: 80, width: 120 } },
  { name: "gif-42-frames-to-gif", options: { format: "gif" } },
  { name: "gif-42-frames-to-120-gif", options: { format: "gif", width: 120 } },
];

export async function run(filter?: string): Promise<void> {
  sharp.concurrency(1);
  sharp.cache(false);
  const { gif, from } = await loadAnimation();
  const { pages, width, pageHeight } = await sharp(gif, { animated: true }).metadata();
  console.log(`input: ${from}, ${pages} frames of ${width} × ${pageHeight}, ${gif.length} B`);
  const bench = await startBench();
  try {
    await bench.load("gif", gif);
    for (const each of CASES.filter(({ name }) => !filter || name.includes(filter))) {
      await compare(bench, each, gif);
    }
  } finally {
    await bench.close();
  }
}

async function compare(bench: Bench, { name, options }: Case, gif: Buffer): Promise<void> {
  const ours: number[] = [];
  const sharps: number[] = [];
  let last = await bench.time("pixmill", "gif", options);
  let peer = await convertBySharp(gif, options);
  for (let round = 0; round < ROUNDS; round++) {
    last = await bench.time("pixmill", "gif", options);
    ours.push(last.ms);
    const start = performance.now();
    peer = await convertBySharp(gif, options);
    sharps.push(performance.now() - start);
  }
  printCase(`animation/${name}`, {
    sharp: median(ours) / median(sharps),
    pixels_mib: (last.usedBytes ?? 0) / MIB,
    planned_mib: (last.plannedBytes ?? 0) / MIB,
    ms: median(ours),
    sharp_ms: median(sharps),
    bytes: String(last.bytes),
    sharp_bytes: String(peer.length),
    size: last.bytes / peer.length,
  });
}

async function convertBySharp(
  gif: Buffer,
  { format, quality = 80, lossless = false, width }: Case["options"],
): Promise<Buffer> {
  const pipeline = sharp(gif, { animated: true });
  if (width) pipeline.resize(width);
  if (format === "webp") pipeline.webp({ quality, lossless });
  else pipeline.gif();
  return await pipeline.toBuffer();
}

/** A film of 42 frames of 245 × 245 pixels. */
async function loadAnimation(): Promise<{ gif: Buffer; from: string }> {
  const file = join(CORPUS, "gif/animated-local-palettes-iss634.gif");
  if (existsSync(file)) return { gif: readFileSync(file), from: "corpus film" };
  return { gif: await drawFilm(245, 42), from: "drawn film (no corpus)" };
}

/** Gradients that move, with grain. */
async function drawFilm(side: number, frames: number): Promise<Buffer> {
  const pixels = Buffer.alloc(side * side * frames * 3);
  for (let i = 0; i < side * side * frames; i++) {
    const frame = Math.floor(i / (side * side));
    const [x, y] = [(i % side) + 2 * frame, Math.floor(i / side) % side];
    const grain = (Math.imul(i, 0x9e37_79b1) >>> 28) & 7;
    pixels[i * 3] = 128 + 100 * Math.sin(x / 30) + grain;
    pixels[i * 3 + 1] = 128 + 100 * Math.cos(y / 25) + grain;
    pixels[i * 3 + 2] = ((x + y) >> 1) & 255;
  }
  return await sharp(pixels, {
    raw: { width: side, height: side * frames, channels: 3, pageHeight: side },
  })
    .gif({ delay: 60 })
    .toBuffer();
}
