/**
 * The native API around the codec. `accepted_ms` is POST to 202; `overhead_ms` is POST to succeeded
 * (one call, waiting) minus the conversion by itself.
 */
import { median, printCase } from "./support/client.ts";
import { timeCodec } from "./support/codec-time.ts";

const ROUNDS = 41;
const WARM_UP = 5;
const OUTPUT = { output_format: "webp", quality: 80, width: 400 };

/** @param photo JPEG */
export async function runNative(stack: { url: string; key: string }, photo: Buffer): Promise<void> {
  const request = await serialize(photo);
  const { output_format: format, ...options } = OUTPUT;
  const codecMs = await timeCodec(photo, { format, ...options }, ROUNDS);
  const accepted: number[] = [];
  const finished: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    accepted.push(await timePost(stack, request, {}, 202));
    // A local queue runs one message at a time: let that job end before the next is timed.
    await timePost(stack, request, { Prefer: "wait=30" }, 200);
    finished.push(await timePost(stack, request, { Prefer: "wait=30" }, 200));
  }
  const totalMs = median(finished.slice(WARM_UP));
  printCase("overhead/post-to-202", { accepted_ms: median(accepted.slice(WARM_UP)) });
  printCase("overhead/post-to-succeeded", {
    overhead_ms: totalMs - codecMs,
    total_ms: totalMs,
    codec_ms: codecMs,
    input_bytes: String(photo.length),
  });
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
