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

test("200 bad inputs leave the consumer converting and its process hardly larger", async () => {
  const convertAll = async () => {
    for (const [format, bytes] of Object.entries(photos)) {
      for (const target of ["jpg", "png", "webp"]) {
        const outcome = await convertOverHttp(
          stack,
          { bytes, filename: `good.${format}` },
          { output_format: target, width: 300 },
        );
        expect(outcome.kind).toBe("succeeded");
      }
    }
  };
  // The runtime's own heap and the local storage's grow for some two hundred jobs, good or bad.
  for (let i = 0; i < 6; i++) await convertAll();
  for (let i = 0; i < 100; i++) await convertOverHttp(stack, spoil(i), { output_format: "webp" });
  const before = readResidentMib();
  let succeeded = 0;
  for (let i = 0; i < 200; i++) {
    const outcome = await convertOverHttp(stack, spoil(i), { output_format: "webp" });
    if (outcome.kind === "succeeded") succeeded++;
    else expect(outcome.code).toMatch(/image|unsupported|pixels/);
  }
  // Overwritten samples (50 of the 200) may still make a whole picture.
  expect(succeeded).toBeLessThan(50);
  const growthMib = readResidentMib() - before;
  await convertAll();
  console.log(`resident growth over 200 bad inputs: ${growthMib.toFixed(1)} MiB`);
  expect(growthMib).toBeLessThan(60);
});

test("four parallel uploads of 90 MB grow the runtime by less than 40 MB", async () => {
  const sizeBytes = 90_000_000;
  // The PNG signature, then nothing a decoder can use: what is measured is the way to storage.
  const body = Buffer.alloc(sizeBytes, 1);
  photos.png.copy(body, 0, 0, 64);
  const upload = (bytes: Buffer) =>
    convertOverHttp(stack, { bytes, filename: "big.png" }, { output_format: "png" });
  await upload(body);
  const before = readResidentMib();
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, readResidentMib())), 50);
  try {
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => upload(body)));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: "failed" });
  } finally {
    clearInterval(timer);
  }
  console.log(`peak growth over four 90 MB uploads: ${(peak - before).toFixed(1)} MiB`);
  expect(peak - before).toBeLessThan(40);
});
