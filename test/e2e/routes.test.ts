/** Each job goes to the lane that its formats need, by whatever way its input comes. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sniffFormat } from "../../src/find-format.ts";
import { convertOverHttp } from "../support/client.ts";
import { writePdf } from "../support/pdf-writer.ts";
import { startTestStack, type Stack } from "../support/stack.ts";

let stack: Stack;
let files: Record<"jpg" | "avif" | "pdf", Buffer>;

beforeAll(async () => {
  stack = await startTestStack();
  const photo = sharp({ create: { width: 90, height: 60, channels: 3, background: "#48c" } });
  const fill = (colour: string) => `${colour} rg 0 0 90 60 re f`;
  files = {
    jpg: await photo.clone().jpeg().toBuffer(),
    avif: await photo.clone().avif({ effort: 0 }).toBuffer(),
    pdf: writePdf({
      pages: ["1 0 0", "0 1 0", "0 0 1"].map((colour) => ({
        box: [0, 0, 90, 60],
        content: fill(colour),
      })),
    }),
  };
});
afterAll(() => stack?.close());

const laneOf = async (jobId: string) =>
  (await stack.env.DB.prepare("SELECT lane FROM jobs WHERE id = ?").bind(jobId).first())?.["lane"];

describe("a job's lane is the heaviest that its input or its output needs", () => {
  test.each([
    ["jpg", "webp", "images"],
    ["jpg", "avif", "formats"],
    ["avif", "ico", "formats"],
    ["pdf", "png", "documents"],
    ["pdf", "avif", "documents"],
    ["avif", "pdf", "documents"],
  ] as const)("%s to %s: %s", async (from, to, lane) => {
    const input = { bytes: files[from], filename: `input.${from}` };
    const outcome = await convertOverHttp(stack, input, { output_format: to, width: 45 });
    if (outcome.kind !== "succeeded") throw new Error(JSON.stringify(outcome));
    expect(outcome.job.outputs).toMatchObject([{ filename: `input.${to}`, format: to }]);
    expect(await laneOf(outcome.job.id)).toBe(lane);
    expect(sniffFormat(outcome.file)).toBe(to);
    if (to === "ico" || to === "pdf") return;
    expect(await sharp(outcome.file).metadata()).toMatchObject({ width: 45, height: 30 });
  });

  test("of several inputs, the one that needs most", async () => {
    const form = new FormData();
    form.append("request", JSON.stringify({ output: { output_format: "avif" } }));
    for (const name of ["jpg", "pdf", "avif"] as const) {
      form.append("files[]", new Blob([new Uint8Array(files[name])]), `input.${name}`);
    }
    const response = await stack.authorized("/v1/convert", {
      method: "POST",
      headers: { Prefer: "wait=60" },
      body: form,
    });
    const job = (await response.json()) as { id: string; status: string; outputs: object[] };
    expect([job.status, job.outputs.length]).toEqual(["succeeded", 3]);
    expect(await laneOf(job.id)).toBe("documents");
  });

  test("it is known when the upload is confirmed, not before", async () => {
    const json = async (path: string, body: object) => {
      const response = await stack.authorized(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      return (await response.json()) as { job_id: string; upload_url: string };
    };
    const { job_id, upload_url } = await json("/v1/convert/upload-url", {
      ...{ filename: "page.pdf", source_format: "jpg", target_format: "png" },
    });
    expect(await laneOf(job_id)).toBe("images");
    await fetch(upload_url, { method: "PUT", body: new Uint8Array(files.pdf) });
    await json("/v1/convert/confirm", { job_id });
    expect(await laneOf(job_id)).toBe("documents");
  });
});

test("all pages of a document pass to another lane's encoder, each to a file of its own", async () => {
  const input = { bytes: files.pdf, filename: "colours.pdf" };
  const outcome = await convertOverHttp(stack, input, { output_format: "avif", pages: "all" });
  if (outcome.kind !== "succeeded") throw new Error(JSON.stringify(outcome));
  const { id, outputs } = outcome.job;
  expect(outputs.map(({ filename }) => filename)).toEqual([
    "colours-1.avif",
    "colours-2.avif",
    "colours-3.avif",
  ]);
  for (const [index, output] of outputs.entries()) {
    const response = await stack.authorized(`/v1/jobs/${id}/download?output=${output.id}`);
    const { channels } = await sharp(await response.arrayBuffer()).stats();
    expect(channels.slice(0, 3).map(({ mean }) => mean > 200)).toEqual(
      [0, 1, 2].map((channel) => channel === index),
    );
  }
});
