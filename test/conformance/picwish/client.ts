/** PicWish's clients: a task is created from a form or JSON, queried by its id, its image fetched. */
import sharp, { type Sharp } from "sharp";
import { expect } from "vitest";
import type { Stack } from "../../support/stack.ts";

export const TASKS = "/api/tasks/visual/imgcompress";

export interface Task {
  task_id: string;
  created_at: number;
  processed_at: number;
  completed_at: number;
  return_type: number;
  progress: number;
  state: number;
  state_detail: string;
  warnings: { code: string; message: string }[];
  image: string;
}

export interface Answer {
  http: number;
  status: number;
  message: string;
  data: Task;
}

type Fields = Record<string, string | number>;

export interface Upload {
  bytes: Uint8Array;
  /** Without one the part has no file name, as buffers have in some clients. */
  name?: string;
}

/** Multipart with the file at the given place among the fields: the last unless told. */
export function toForm(fields: Fields, file?: Upload, at = Object.keys(fields).length): FormData {
  const parts = Object.entries(fields).map(([name, value]): [string, string | Upload] => [
    name,
    String(value),
  ]);
  if (file) parts.splice(at, 0, ["image_file", file]);
  const form = new FormData();
  for (const [name, value] of parts) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([value.bytes as Uint8Array<ArrayBuffer>]), value.name);
  }
  return form;
}

export type Body = FormData | URLSearchParams | string;

/** Asks with `X-API-KEY`, as PicWish's clients do. */
export async function ask(
  stack: Stack,
  path: string,
  init: RequestInit = {},
  key = stack.account.key,
): Promise<Answer> {
  const headers = new Headers(init.headers);
  headers.set("X-API-KEY", key);
  const response = await fetch(new URL(path, stack.url), { ...init, headers });
  return readAnswer(response);
}

/** Every answer is JSON whose `status` is that of HTTP. */
export async function readAnswer(response: Response): Promise<Answer> {
  expect(response.headers.get("Content-Type")).toMatch(/^application\/json\b/);
  const body = (await response.json()) as Omit<Answer, "http">;
  expect(Object.keys(body).toSorted()).toEqual(["data", "message", "status"]);
  expect(body.status).toBe(response.status);
  return { http: response.status, ...body };
}

export function create(stack: Stack, body: Body, key?: string, type?: string): Promise<Answer> {
  const json = typeof body === "string" ? "application/json" : undefined;
  const contentType = type ?? json;
  const headers: Record<string, string> = contentType ? { "Content-Type": contentType } : {};
  return ask(stack, TASKS, { method: "POST", body, headers }, key);
}

export const query = (stack: Stack, taskId: string, key?: string): Promise<Answer> =>
  ask(stack, `${TASKS}/${taskId}`, {}, key);

/** A task that is waited for and succeeds. */
export async function compress(stack: Stack, body: Body, key?: string): Promise<Task> {
  const { status, message, data } = await create(stack, body, key);
  expect({ status, message, state: data.state, detail: data.state_detail }).toEqual({
    status: 200,
    message: "success",
    state: 1,
    detail: "Complete",
  });
  return data;
}

/** The result behind the URL, which needs no key. */
export async function download({ image }: Task): Promise<Buffer> {
  const response = await fetch(image);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

/** What sharp says of a file. */
export async function describe(file: Uint8Array) {
  const { format, width, height } = await sharp(file).metadata();
  return { format, width, height };
}

/** Queries until the task has ended. */
export async function poll(stack: Stack, taskId: string): Promise<Answer> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const answer = await query(stack, taskId);
    expect(answer.http).toBe(200);
    if (answer.data.state === 1 || answer.data.state < 0) return answer;
  }
  throw new Error("not finished in 30 s");
}

/** A picture with something in it, so that quality and size in bytes go together. */
export function drawScene(width: number, height: number, background = "#7aa7d8"): Sharp {
  const shapes = Array.from({ length: 60 }, (_, i) => {
    const x = (i * 7919) % width;
    const y = (i * 104_729) % height;
    return `<ellipse cx="${x}" cy="${y}" rx="${8 + (i % 40)}" ry="${5 + (i % 23)}" fill="hsl(${(i * 37) % 360} 60% ${30 + (i % 40)}%)"/>`;
  });
  const fill = background === "" ? "" : `<rect width="100%" height="100%" fill="${background}"/>`;
  return sharp(
    Buffer.from(`<svg width="${width}" height="${height}">${fill}${shapes.join("")}</svg>`),
  );
}
