/**
 * What the service costs around the codec: a 100 KB JPEG through the whole local stack over
 * loopback, minus the time that the same conversion takes inside workerd by itself. Medians.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { startStack } from "../src/cli/stack.ts";
import { runNative } from "./overhead-native.ts";
import { runPicwish } from "./overhead-picwish.ts";
import { runSegmind } from "./overhead-segmind.ts";
import { loadPhoto } from "./support/pictures.ts";

const CASES = { native: runNative, segmind: runSegmind, picwish: runPicwish };

/** @param filter the name of one case; all of them without it */
export async function run(filter?: string): Promise<void> {
  const photo = await makePhoto();
  const stateDir = mkdtempSync(join(tmpdir(), "pixmill-bench-"));
  const stack = await startStack({ port: 0, stateDir });
  try {
    for (const [name, runCase] of Object.entries(CASES)) {
      if (filter === undefined || filter === name) await runCase(stack, photo);
    }
  } finally {
    await stack.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** About 100 KB. */
async function makePhoto(): Promise<Buffer> {
  const { jpeg } = await loadPhoto();
  let photo = jpeg;
  for (let width = 1200; photo.length > 105_000; width -= 50) {
    photo = await sharp(jpeg).resize(width).jpeg({ quality: 80 }).toBuffer();
  }
  return photo;
}
