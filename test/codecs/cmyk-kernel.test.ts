/** The kernel that converts inks, against the same interpolation in plain TypeScript. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLab, type Lab } from "../support/lab-client.ts";

let lab: Lab;
let profile: Uint8Array;
beforeAll(async () => {
  lab = await startLab();
  const raw = { width: 1, height: 1, channels: 3 } as const;
  const tagged = sharp(Buffer.alloc(3), { raw }).toColourspace("cmyk").withIccProfile("cmyk");
  profile = new Uint8Array((await sharp(await tagged.jpeg().toBuffer()).metadata()).icc ?? []);
});
afterAll(() => lab.close());

/** Every value of every ink, and every order in which four inks can be. */
function drawInks(pixels: number): Uint8Array {
  const inks = new Uint8Array(pixels * 4);
  let seed = 1;
  for (let i = 0; i < inks.length; i++) {
    seed = (seed * 48_271) % 2_147_483_647;
    // None and full ink are where cells end.
    inks[i] = seed % 11 === 0 ? 0 : seed % 11 === 1 ? 255 : seed >> 8;
  }
  return inks;
}

describe("is exactly the reference", () => {
  it.for([1, 2, 3, 4, 5, 2047, 2048, 2049, 300_000])("%i pixels", async (pixels) => {
    for (const icc of [null, profile]) {
      const { rgb, worst, used, planned } = await lab.convertInks(drawInks(pixels), icc);
      expect(rgb).toHaveLength(pixels * 3);
      expect(worst).toBe(0);
      expect(used).toBeLessThanOrEqual(planned);
    }
  });

  it("for every value of one ink over each of the others", async () => {
    const inks: number[] = [];
    for (let ink = 0; ink < 4; ink++) {
      for (const others of [0, 15, 16, 128, 254, 255]) {
        for (let value = 0; value < 256; value++) {
          inks.push(...[0, 1, 2, 3].map((i) => (i === ink ? value : others)));
        }
      }
    }
    const { worst, rgb } = await lab.convertInks(Uint8Array.from(inks), null);
    expect(worst).toBe(0);
    expect([...rgb.subarray(0, 3)]).toEqual([255, 255, 255]);
  });
});
