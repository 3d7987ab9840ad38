/** Whatever is done to a WebP file, decoding it ends, and leaves the decoder as it was. */
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LabError, startLab, type Lab } from "../support/lab-client.ts";
import { createRandom } from "../support/random.ts";
import { drawPhoto } from "./jpeg-fixtures.ts";
import { drawFew, startLibwebp, withAlpha } from "./webp-fixtures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** Set FUZZ_RUNS for a longer run. */
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 4000);
const AT_ONCE = 8;
const ALLOWED = /^(none|(truncated|invalid)_image|unsupported_feature|memory_limit)$/;
/** The first of the ALPH chunk's bytes, behind VP8X. */
const ALPHA_BYTE = 38;

/** Undoes what would make a picture large: a side of 16,383 would only be slow. */
type KeepSmall = (file: Uint8Array) => void;
function keepLossySmall(file: Uint8Array): void {
  file[27] = 0;
  file[29] = 0;
}
function keepLosslessSmall(file: Uint8Array): void {
  file[22] = (file[22] ?? 0) & 0xc0;
  file[24] = (file[24] ?? 0) & 0x10;
}

async function outcome(file: Uint8Array): Promise<string> {
  try {
    const { rows, height } = await lab.decode(file, { guards: true });
    return rows === height ? "none" : "a wrong picture";
  } catch (error) {
    return error instanceof LabError ? error.code : String(error);
  }
}

it(
  `ends ${RUNS} damaged files in a picture or an error, within its memory, and decodes as before`,
  { timeout: 60_000 + RUNS * 20 },
  async () => {
    const encode = await startLibwebp();
    const small = drawPhoto(64, 40);
    const files: [file: Uint8Array, firstByte: number, keepSmall: KeepSmall][] = [
      [encode(drawPhoto(75, 53), { quality: 85 }), 20, keepLossySmall],
      [encode(drawPhoto(75, 53), { quality: 20, filter_type: 0 }), 20, keepLossySmall],
      [encode(drawPhoto(61, 143), { quality: 60, partitions: 3 }), 20, keepLossySmall],
      [encode(drawPhoto(131, 40), { quality: 98, partitions: 1, method: 1 }), 20, keepLossySmall],
      [encode(drawPhoto(65, 43), { lossless: 1, method: 4 }), 20, keepLosslessSmall],
      [encode(drawFew(90, 70), { lossless: 1, method: 6 }), 20, keepLosslessSmall],
      [encode(withAlpha(small), { quality: 70 }), ALPHA_BYTE, () => undefined],
      [encode(withAlpha(small), { alpha_compression: 0 }), ALPHA_BYTE, () => undefined],
    ];
    const pick = createRandom(7);
    const counts = new Map<string, number>();

    function damage(index: number): Uint8Array {
      const [original, firstByte, keepSmall] = files[index % files.length] as (typeof files)[0];
      const file = original.slice();
      // Half of them in their header and modes, where a byte does most.
      const end = pick(2) ? file.length : Math.min(file.length, firstByte + 80);
      for (let changes = 1 + pick(6); changes > 0; changes--) {
        const at = firstByte + pick(end - firstByte);
        if (pick(5) === 0) file.copyWithin(at, at + 1 + pick(20));
        else file[at] = pick(5) === 0 ? 0xff : pick(256);
      }
      keepSmall(file);
      if (pick(10) > 0 || firstByte !== 20) return file;
      const cut = file.slice(0, 30 + (pick(file.length - 30) & ~1));
      const view = new DataView(cut.buffer);
      view.setUint32(4, cut.length - 8, true);
      view.setUint32(16, cut.length - 20, true);
      return cut;
    }

    for (let i = 0; i < RUNS; i += AT_ONCE) {
      const damaged = Array.from({ length: AT_ONCE }, (_, n) => damage(i + n));
      for (const each of await Promise.all(damaged.map(outcome))) {
        if (!ALLOWED.test(each)) expect.soft(each).toMatch(ALLOWED);
        counts.set(each, (counts.get(each) ?? 0) + 1);
      }
    }
    expect(counts.get("none")).toBeGreaterThan(RUNS / 20);
    for (const [file] of files) {
      const expected = await sharp(file).raw().toBuffer();
      expect(Buffer.compare((await lab.decode(file)).data, expected)).toBe(0);
    }
  },
);
