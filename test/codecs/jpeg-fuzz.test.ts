/** Whatever is done to a JPEG file, decoding it ends, and leaves the decoder as it was. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { LabError, startLab, type Lab } from "../support/lab-client.ts";
import { createRandom, drawPhoto, toSharp } from "./jpeg-fixtures.ts";
import { writeRandomJpeg } from "./jpeg-writer.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const RUNS = 2000;
const AT_ONCE = 8;
const ALLOWED =
  /^(none|(truncated|invalid)_image|unsupported_(feature|input_format)|empty_file|memory_limit)$/;

async function outcome(file: Uint8Array, scale: number): Promise<string> {
  try {
    const { rows, height, used, planned } = await lab.decode(file, { scale });
    return rows === height && used <= planned ? "none" : "a wrong picture";
  } catch (error) {
    return error instanceof LabError ? error.code : String(error);
  }
}

it(`ends ${RUNS} damaged files in a picture or an error, and decodes as before`, async () => {
  const photo = toSharp(drawPhoto(75, 53));
  const files = [
    await photo.clone().jpeg({ quality: 85 }).toBuffer(),
    await photo.clone().jpeg({ progressive: true }).toBuffer(),
    await photo.clone().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }).toBuffer(),
    ...[0, 2].map((interval) => {
      const factors = [[2, 1], [1, 1], [1, 1]] as const; // prettier-ignore
      return Buffer.from(writeRandomJpeg({ width: 61, height: 43, factors, interval }));
    }),
    Buffer.from(
      writeRandomJpeg({
        ...{ width: 61, height: 43, interval: 3, scans: [[0], [1, 2]] },
        factors: [[2, 2], [1, 1], [1, 1]], // prettier-ignore
      }),
    ),
  ];
  const inks = [[2, 2], [1, 1], [1, 1], [2, 2]] as const; // prettier-ignore
  files.push(
    Buffer.from(writeRandomJpeg({ width: 61, height: 43, factors: inks, transform: 2 })),
    Buffer.from(writeRandomJpeg({ width: 33, height: 65, factors: inks, scans: [[0, 1], [2, 3]] })), // prettier-ignore
  );
  const whole = await Promise.all(files.map((file) => lab.decode(file)));
  const random = createRandom(7);
  const pick = (limit: number) => Math.floor(random() * limit);
  const counts = new Map<string, number>();

  function damage(index: number): Buffer {
    const file = Buffer.from(files[index % files.length] as Buffer);
    // Half of them in their headers and tables, where a byte does most.
    const end = random() < 0.5 ? file.length : Math.min(file.length, 700);
    for (let changes = 1 + pick(6); changes > 0; changes--) {
      const at = 2 + pick(end - 2);
      if (random() < 0.2) file.copyWithin(at, at + 1 + pick(20));
      else file[at] = random() < 0.2 ? 0xff : pick(256);
    }
    // A side of 65,535 would only be slow.
    const frame = Math.max(file.indexOf("ffc0", 0, "hex"), file.indexOf("ffc2", 0, "hex"));
    if (frame > 0 && frame + 8 < file.length) file[frame + 5] = file[frame + 7] = 0;
    return random() < 0.1 ? file.subarray(0, pick(file.length)) : file;
  }

  for (let i = 0; i < RUNS; i += AT_ONCE) {
    const damaged = Array.from({ length: AT_ONCE }, (_, n) => damage(i + n));
    const outcomes = await Promise.all(damaged.map((file) => outcome(file, 1 << pick(4))));
    for (const each of outcomes) {
      if (!ALLOWED.test(each)) expect.soft(each).toMatch(ALLOWED);
      counts.set(each, (counts.get(each) ?? 0) + 1);
    }
  }
  expect(counts.get("none")).toBeGreaterThan(RUNS / 20);
  for (const [i, file] of files.entries()) {
    expect(Buffer.compare((await lab.decode(file)).data, whole[i]?.data ?? file)).toBe(0);
  }
});
