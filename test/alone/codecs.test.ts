/** What the runtime's process holds after many files of a codec that is heavy to start. */
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startOwnLab, type Lab } from "../support/lab-client.ts";
import { readResidentMib } from "../support/resident.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startOwnLab();
});
afterAll(() => lab.close());

test("HEIC and AVIF: the process does not grow with the number of files", async () => {
  const noise = { type: "gaussian", mean: 128, sigma: 20 } as const;
  const create = { width: 220, height: 150, channels: 3, background: "black", noise } as const;
  const picture = await sharp({ create }).blur(2).avif({ effort: 0 }).toBuffer();
  const thereAndBack = async (times: number): Promise<number> => {
    for (let i = 0; i < times; i++) {
      const { file } = await lab.convert(picture, { format: "heic" });
      await lab.convert(file, { format: "avif", effort: "fast" });
    }
    return readResidentMib();
  };
  const before = await thereAndBack(15);
  // The runtime itself keeps about a MiB a request for a while; an instance a file would be 1,500.
  expect((await thereAndBack(35)) - before).toBeLessThan(150);
});
