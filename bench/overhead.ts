/**
 * What the service costs around the codec: a 100 KB JPEG through the whole local stack over
 * loopback. `accepted_ms` is POST to 202; `overhead_ms` is POST to succeeded (one call, waiting)
 * minus the time the same conversion takes inside workerd by itself. Medians.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { startStack } from "../src/cli/stack.ts";
import { runPicwish } from "./overhead-picwish.ts";
import { median, printCase } from "./support/client.ts";
import { timeCodec } from "./support/codec-time.ts";
import { loadPhoto } from "./support/pictures.ts";

const ROUNDS = 41;
const OUTPUT = { output_format: "webp", quality: 80, width: 400 };

export async function run(): Promise<void> {
  const photo = await makePhoto();
  const request = await serialize(photo);
  const { output_format: format, ...options } = OUTPUT;
  const codecMs = await timeCodec(photo, { format, ...options }, ROUNDS);
  const stateDir = mkdtempSync(join(tmpdir(), "pixmill-bench-"));
  const stack = await startStack({ port: 0, stateDir });
  try {
    const accepted: number[] = [];
    const finished: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      accepted.push(await timePost(stack, request, {}, 202));
      // A local queue runs one message at a time: let that job end before the next is timed.
      await timePost(stack, request, { Prefer: "wait=30" }, 200);
      finished.push(await timePost(stack, request, { Prefer: "wait=30" }, 200));
    }
    printCase("overhead/post-to-202", { accepted_ms: median(accepted.slice(5)) });
    printCase("overhead/post-to-succeeded", {
      overhead_ms: median(finished.slice(5)) - codecMs,
      total_ms: median(finished.slice(5)),
      codec_ms: codecMs,
      input_bytes: String(photo.length),
    });
    await runPicwish(stack, photo);
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

/** As bytes, once: making a multipart body is the client's work and not what is measured. */
async function serialize(photo: Buffer): Promise<{ body: ArrayBuffer; type: string }> {
  const form = new FormData();
  form.append("request", JSON.stringify({ output: OUTPUT }));
  form.append("files[]", new Blob([photo as Uint8Array<ArrayBuffer>]), "photo.jpg");
  const response = new Response(form);
  const type = response.headers.get("Content-Type") ?? "";
  return { body: await response.arrayBuffer(), type };
}

async function timePost(
  stack: { url: string; key: string },
  { body, type }: { body: ArrayBuffer; type: string },
  headers: Record<string, string>,
  status: number,
): Promise<number> {
  const start = performance.now();
  const response = await fetch(`${stack.url}/v1/convert`, {
    method: "POST",
    headers: { Authorization: `Bearer ${stack.key}`, "Content-Type": type, ...headers },
    body,
  });
  await response.arrayBuffer();
  const ms = performance.now() - start;
  if (response.status !== status) throw new Error(`expected ${status}, got ${response.status}`);
  return ms;
}
