/**
 * Segmind's synchronous call around the codec: a data URI in, the image out. `queue_ms` is from the
 * stored input to the consumer's claim, `generation_ms` the consumer's work, storage included; what
 * they leave of `total_ms` is reading the request, storing its image and sending the answer.
 */
import { median, printCase } from "./support/client.ts";
import { timeCodec } from "./support/codec-time.ts";

const ROUNDS = 41;
const WARM_UP = 5;

/** What the request asks of the pipeline. */
const OUTPUT = { format: "webp" };

interface Round {
  totalMs: number;
  queueMs: number;
  generationMs: number;
}

/** @param photo JPEG */
export async function runSegmind(
  stack: { url: string; key: string },
  photo: Buffer,
): Promise<void> {
  const codecMs = await timeCodec(photo, OUTPUT, ROUNDS);
  const image_url = `data:image/jpeg;base64,${photo.toString("base64")}`;
  const body = JSON.stringify({ image_url, target_format: OUTPUT.format });
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await timeConversion(stack, body));
  const medianOf = (field: keyof Round) =>
    median(rounds.slice(WARM_UP).map((round) => round[field]));
  printCase("overhead/segmind-v1", {
    overhead_ms: medianOf("totalMs") - codecMs,
    total_ms: medianOf("totalMs"),
    codec_ms: codecMs,
    queue_ms: medianOf("queueMs"),
    generation_ms: medianOf("generationMs"),
    input_bytes: String(photo.length),
  });
}

async function timeConversion(
  { url, key }: { url: string; key: string },
  body: string,
): Promise<Round> {
  const start = performance.now();
  const response = await fetch(`${url}/v1/image-converter`, {
    method: "POST",
    headers: { "x-api-key": key, "Content-Type": "application/json" },
    body,
  });
  await response.arrayBuffer();
  const totalMs = performance.now() - start;
  if (response.status !== 200) throw new Error(`expected 200, got ${response.status}`);
  const id = response.headers.get("x-request-id");
  const status = await fetch(`${url}/v2/requests/${id}/status`, { headers: { "x-api-key": key } });
  const { metrics } = (await status.json()) as {
    metrics: { inference_time: number; queue_time: number };
  };
  return {
    totalMs,
    queueMs: metrics.queue_time * 1000,
    generationMs: metrics.inference_time * 1000,
  };
}
