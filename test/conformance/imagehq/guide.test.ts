/** docs/api.md is true: its examples do what they say, and every option is in it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writePdf, type PdfSpec } from "../../support/pdf-writer.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { convert, toForm, type NamedFile } from "./client.ts";

const guide = readFileSync(join(import.meta.dirname, "../../../docs/api.md"), "utf8");
const EXAMPLES = [...guide.matchAll(/`(\{"output_format".*?\})`/g)].map(([, json = ""]) => json);

let stack: Stack;
let document: NamedFile;
let animation: NamedFile;

beforeAll(async () => {
  stack = await startTestStack();
  const pages: PdfSpec["pages"] = Array.from({ length: 5 }, (_, i) => ({
    box: [0, 0, 80 + i, 60],
    content: "1 0 0 rg 10 10 30 20 re f",
  }));
  document = { name: "scan.pdf", bytes: writePdf({ pages }) };
  const frames = await Promise.all(
    ["#f00", "#0f0", "#00f"].map((background) =>
      sharp({ create: { width: 20, height: 16, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
  const gif = await sharp(frames, { join: { animated: true } })
    .gif()
    .toBuffer();
  animation = { name: "moving.gif", bytes: new Uint8Array(gif) };
});
afterAll(() => stack?.close());

test("there are examples", () => expect(EXAMPLES.length).toBeGreaterThan(10));

test.each(EXAMPLES)("%s", async (json) => {
  const output = JSON.parse(json) as { output_format: string; frame?: number };
  const file = output.frame === undefined ? document : animation;
  const job = await convert(stack, toForm([file], { output }));
  expect([job.status, job.error]).toEqual(["succeeded", undefined]);
  expect(new Set(job.outputs.map(({ format }) => format))).toEqual(new Set([output.output_format]));
  const codes = job.warnings.map(({ code }) => code);
  expect(codes.filter((code) => code !== "document_first_page")).toEqual([]);
});

test("every option of /v1/formats has its row", async () => {
  const list = (await (await stack.fetch("/v1/formats")).json()) as {
    formats: { input_options: string[]; output_options: string[] }[];
    common_options: string[];
  };
  const options = list.formats.flatMap((format) => [
    ...format.input_options,
    ...format.output_options,
  ]);
  const rows = guide.split("\n").filter((line) => line.startsWith("| `"));
  for (const option of new Set([...list.common_options, ...options])) {
    expect(rows.filter((row) => row.split("|")[1]?.includes(`\`${option}\``))).not.toEqual([]);
  }
});
