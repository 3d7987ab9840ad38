/** PicWish's synchronous call around the codec: a task that waits for its result. */
import { timeCodec } from "./support/codec-time.ts";
import { median, printCase } from "./support/client.ts";

const ROUNDS = 41;
const WARM_UP = 5;

/** What a request without options asks of the pipeline. */
const OUTPUT = { format: "auto", quality: 75, fit: "fill", neverLarger: true };

/** @param photo JPEG */
export async function runPicwish(
  stack: { url: string; key: string },
  photo: Uint8Array,
): Promise<void> {
  const codecMs = await timeCodec(photo, OUTPUT, ROUNDS);
  const form = new FormData();
  form.append("sync", "1");
  form.append("image_file", new Blob([photo as Uint8Array<ArrayBuffer>]), "photo.jpg");
  // Made once: that is the client's work.
  const request = new Response(form);
  const type = request.headers.get("Content-Type") ?? "";
  const body = await request.arrayBuffer();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await timeTask(stack, body, type));
  const totalMs = median(times.slice(WARM_UP));
  printCase("overhead/picwish-sync", {
    overhead_ms: totalMs - codecMs,
    total_ms: totalMs,
    codec_ms: codecMs,
    input_bytes: String(photo.length),
  });
}

async function timeTask(
  stack: { url: string; key: string },
  body: ArrayBuffer,
  type: string,
): Promise<number> {
  const start = performance.now();
  const response = await fetch(`${stack.url}/api/tasks/visual/imgcompress`, {
    method: "POST",
    headers: { "X-API-KEY": stack.key, "Content-Type": type },
    body,
  });
  const { data } = (await response.json()) as { data: { state?: number } };
  const ms = performance.now() - start;
  if (data.state !== 1) throw new Error(`expected state 1, got ${data.state}`);
  return ms;
}
