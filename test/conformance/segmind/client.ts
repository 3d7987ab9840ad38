/** Segmind's clients, as far as the wire goes: JSON with `x-api-key`. */
import sharp from "sharp";
import type { Stack } from "../../support/stack.ts";

/** A picture of two colours side by side, so that a mirrored or shifted one shows. */
export async function drawPicture(
  format: "png" | "jpeg" | "webp" = "png",
  { width = 64, height = 48 } = {},
): Promise<Buffer> {
  const half = await sharp({
    create: { width: width / 2, height, channels: 3, background: "#2060c0" },
  })
    .png()
    .toBuffer();
  return await sharp({ create: { width, height, channels: 3, background: "#c8301e" } })
    .composite([{ input: half, left: 0, top: 0 }])
    .toFormat(format)
    .toBuffer();
}

export const toDataUri = (bytes: Uint8Array, mimeType = "image/png"): string =>
  `data:${mimeType};base64,${Buffer.from(bytes).toString("base64")}`;

export interface PostOptions {
  headers?: Record<string, string>;
  key?: string;
  path?: string;
}

/** @param body JSON text where it is a string */
export function post(
  stack: Stack,
  body: unknown,
  { headers = {}, key = stack.account.key, path = "/v1/image-converter" }: PostOptions = {},
): Promise<Response> {
  return fetch(new URL(path, stack.url), {
    method: "POST",
    headers: { "Content-Type": "application/json", "x-api-key": key, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

export function get(stack: Stack, url: string, key = stack.account.key): Promise<Response> {
  return fetch(new URL(url, stack.url), { headers: { "x-api-key": key } });
}

export interface Submitted {
  request_id: string;
  status: string;
  poll_url: string;
  status_url: string;
  response_url: string;
}

export async function submit(stack: Stack, body: unknown, key?: string): Promise<Submitted> {
  const response = await post(stack, body, {
    path: "/v2/image-converter",
    ...(key !== undefined && { key }),
  });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as Submitted;
}

/** As the SDK does: asks for the status until the request has ended; the answer that says so. */
export async function poll(stack: Stack, { status_url }: Submitted): Promise<Response> {
  const deadline = Date.now() + 40_000;
  for (;;) {
    const response = await get(stack, status_url);
    const { status } = (await response.clone().json()) as { status: string };
    if (!["QUEUED", "PROCESSING"].includes(status) || Date.now() > deadline) return response;
    await response.body?.cancel();
  }
}

/** An error: its status, and its body, which has nothing but the text. */
export async function readError(
  response: Response,
): Promise<{ status: number; error: string; extra: string[] }> {
  const { error, ...extra } = (await response.json()) as { error: string };
  return { status: response.status, error, extra: Object.keys(extra) };
}
