/** What the runtime's processes hold, read from outside: bad input and big uploads leave nothing. */
import { createHash } from "node:crypto";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { convertOverHttp } from "../support/client.ts";
import { readResidentMib } from "../support/resident.ts";
import { startTestStack, type Stack } from "../support/stack.ts";

let stack: Stack;
let photos: Record<"jpg" | "png" | "webp", Buffer>;

beforeAll(async () => {
  stack = await startTestStack();
  const photo = sharp({
    create: {
      width: 1200,
      height: 900,
      channels: 3,
      background: "#888",
      noise: { type: "gaussian", mean: 128, sigma: 40 },
    },
  });
  photos = {
    jpg: await photo.clone().jpeg().toBuffer(),
    png: await photo.clone().png().toBuffer(),
    webp: await photo.clone().webp().toBuffer(),
  };
});
afterAll(() => stack.close());

/** Deterministic, and different for each index: truncated, overwritten, lying header, garbage. */
function spoil(index: number): { bytes: Buffer; filename: string } {
  const format = (["jpg", "png", "webp"] as const)[index % 3] as keyof typeof photos;
  const photo = photos[format];
  const filename = `bad-${index}.${format}`;
  const noise = createHash("sha256").update(String(index)).digest();
  switch (index % 4) {
    case 0:
      return { filename, bytes: photo.subarray(0, 200 + ((index * 7919) % (photo.length - 400))) };
    case 1: {
      const bytes = Buffer.from(photo);
      for (let at = 300 + index; at < bytes.length; at += 997) noise.copy(bytes, at);
      return { filename, bytes };
    }
    case 2:
      return { filename, bytes: Buffer.concat([photo.subarray(0, 16), ...Array(200).fill(noise)]) };
    default:
      return { filename, bytes: Buffer.concat(Array(100).fill(noise)) };
  }
}

/**
 * The local runtime grows by itself, a tenth of a megabyte even for a request of /healthz, so that
 * bad inputs are held against as many good ones, in turns: what they leave beyond that is ours.
 */
test("200 bad inputs leave the consumer converting, and no more memory behind than good ones", async () => {
  const convertGood = async (index: number) => {
    const formats = ["jpg", "png", "webp"] as const;
    const format = formats[index % 3] ?? "jpg";
    const input = { bytes: photos[format], filename: `good.${format}` };
    const output = { output_format: formats[Math.floor(index / 3) % 3], width: 300 };
    expect((await convertOverHttp(stack, input, output)).kind).toBe("succeeded");
  };
  let unspoilt = 0;
  const convertBad = async (index: number) => {
    const outcome = await convertOverHttp(stack, spoil(index), { output_format: "webp" });
    if (outcome.kind === "succeeded") unspoilt++;
    else expect(outcome.code).toMatch(/image|unsupported|pixels/);
  };
  const growthMib = async (convert: (index: number) => Promise<void>, from: number) => {
    const before = readResidentMib();
    for (let index = from; index < from + 50; index++) await convert(index);
    return readResidentMib() - before;
  };

  await growthMib(convertGood, 0);
  await growthMib(convertBad, 0);
  unspoilt = 0;
  let good = 0;
  let bad = 0;
  for (let round = 0; round < 4; round++) {
    good += await growthMib(convertGood, round * 50);
    bad += await growthMib(convertBad, round * 50);
  }
  // Overwritten samples (50 of the 200) may still make a whole picture.
  expect(unspoilt).toBeLessThan(50);
  await convertGood(0);
  console.log(
    `resident growth: ${bad.toFixed(1)} MiB over 200 bad inputs, ${good.toFixed(1)} good`,
  );
  expect(bad - good).toBeLessThan(60);
});

/** How much the runtime grows while something runs, at its peak. */
async function peakGrowthMib(action: () => Promise<void>): Promise<number> {
  const before = readResidentMib();
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, readResidentMib())), 50);
  try {
    await action();
  } finally {
    clearInterval(timer);
  }
  return peak - before;
}

/** The PNG signature, then nothing a decoder can use: what is measured is the way to storage. */
function makeFiller(sizeBytes: number): Buffer {
  const filler = Buffer.alloc(sizeBytes, 1);
  photos.png.copy(filler, 0, 0, 64);
  return filler;
}

test("four parallel uploads of 90 MB grow the runtime by less than 40 MB", async () => {
  const bytes = makeFiller(90_000_000);
  const upload = () =>
    convertOverHttp(stack, { bytes, filename: "big.png" }, { output_format: "png" });
  await upload();
  const growth = await peakGrowthMib(async () => {
    const outcomes = await Promise.all(Array.from({ length: 4 }, upload));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: "failed" });
  });
  console.log(`peak growth over four 90 MB uploads: ${growth.toFixed(1)} MiB`);
  expect(growth).toBeLessThan(40);
});

test("four parallel 20 MB images in JSON, as data URIs, grow the runtime by less than 60 MB", async () => {
  const image_url = `data:image/png;base64,${makeFiller(20_000_000).toString("base64")}`;
  const body = Buffer.from(JSON.stringify({ image_url, target_format: "webp" }));
  const upload = async () => {
    const response = await stack.authorized("/v1/image-converter", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    // Stored whole, and then no picture.
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.stringMatching(/PNG|image|picture/i) });
  };
  await upload();
  const growth = await peakGrowthMib(async () => {
    await Promise.all(Array.from({ length: 4 }, upload));
  });
  console.log(`peak growth over four 20 MB data URIs: ${growth.toFixed(1)} MiB`);
  expect(growth).toBeLessThan(60);
});
