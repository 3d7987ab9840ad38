import sharp from "sharp";
import { deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeOf, type Lab, startLab } from "../support/lab-client.ts";
import { pngChunk, type PngSpec, SAMPLES, writePng } from "../support/png-writer.ts";
import { createRandom } from "../support/random.ts";
import { judge, maxDifference } from "../support/judge-pixels.ts";
import { KINDS, makeSpec } from "./png-fixtures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

describe("decoding gives the pixels an independent decoder gives", () => {
  for (const interlaced of [false, true]) {
    test.each(KINDS)(`colour type %i, %i bits, interlaced ${interlaced}`, async (type, depth) => {
      for (const size of [
        [1, 1],
        [3, 2],
        [67, 41],
        [200, 129],
      ] as [number, number][]) {
        const file = writePng(makeSpec(type, depth, size, { interlaced, idatBytes: 1000 }));
        const ours = await lab.decode(file);
        expect(ours.rows).toBe(size[1]);
        const theirs = await judge(file, ours.channels);
        expect(maxDifference(ours.data, theirs)).toBeLessThanOrEqual(depth === 16 ? 1 : 0);
        expect(ours.used).toBeLessThanOrEqual(ours.planned);
      }
    });
  }

  test("at every width and height from 1 to 65, of all kinds in turn", async () => {
    const pick = createRandom(17);
    for (let side = 1; side <= 65; side++) {
      for (const [index, size] of (
        [
          [side, 1 + pick(65)],
          [1 + pick(65), side],
        ] as const
      ).entries()) {
        const [type, depth] = KINDS[(2 * side + index) % KINDS.length] ?? [0, 8];
        const interlaced = (side >> 1) % 2 === 0;
        const file = writePng(makeSpec(type, depth, [...size], { interlaced }));
        const ours = await lab.decode(file);
        const difference = maxDifference(ours.data, await judge(file, ours.channels));
        const label = `${size.join(" x ")}, type ${type}, ${depth} bits, ${interlaced}`;
        expect(difference, label).toBeLessThanOrEqual(depth === 16 ? 1 : 0);
        expect(ours.used, label).toBeLessThanOrEqual(ours.planned);
      }
    }
  });

  const key = (type: 0 | 2, depth: PngSpec["depth"], interlaced: boolean): PngSpec => {
    const spec = makeSpec(type, depth, [50, 33], { interlaced });
    // The colour of the pixel in the middle, and of every seventh.
    const count = SAMPLES[type];
    const samples = Uint16Array.from(spec.samples);
    const colour = samples.slice(800 * count, 801 * count);
    for (let i = 0; i < 50 * 33; i += 7) samples.set(colour, i * count);
    const transparency = [...colour].flatMap((value) => [value >> 8, value & 255]);
    return { ...spec, samples, transparency };
  };

  test.each([0, 2] as const)("a colour key becomes alpha, colour type %i", async (type) => {
    for (const interlaced of [false, true]) {
      for (const depth of type === 0 ? ([1, 2, 4, 8, 16] as const) : ([8, 16] as const)) {
        const file = writePng(key(type, depth, interlaced));
        const ours = await lab.decode(file);
        expect(ours.channels).toBe(4);
        const difference = maxDifference(ours.data, await judge(file, 4));
        expect(difference, `${depth} bits, ${interlaced}`).toBeLessThanOrEqual(
          depth === 16 ? 1 : 0,
        );
      }
    }
  });

  test("a palette with transparency becomes RGBA", async () => {
    for (const interlaced of [false, true]) {
      for (const depth of [1, 2, 4, 8] as const) {
        const transparency = [0, 128];
        const file = writePng(makeSpec(3, depth, [61, 20], { interlaced, transparency }));
        const ours = await lab.decode(file);
        expect(ours.channels).toBe(4);
        expect(maxDifference(ours.data, await judge(file, 4)), `${depth} ${interlaced}`).toBe(0);
      }
    }
  });

  test("photos with every filter, as another encoder writes them", async () => {
    const photo = await makePhoto(700, 500);
    for (const channels of [3, 4] as const) {
      const image = sharp(photo, { raw: { width: 700, height: 500, channels: 3 } });
      const file = await (channels === 4 ? image.ensureAlpha(0.5) : image)
        .png({ adaptiveFiltering: true })
        .toBuffer();
      const ours = await lab.decode(file);
      expect(maxDifference(ours.data, await judge(file, channels))).toBe(0);
    }
  });
});

/** Smooth shapes with a little noise, RGB. */
async function makePhoto(width: number, height: number): Promise<Buffer> {
  const random = createRandom(5);
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    data[i] = 128 + 60 * Math.sin(x / 50 + (i % 3)) + 50 * Math.cos(y / 31) + random(12);
  }
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .blur(1)
    .raw()
    .toBuffer();
}

describe("files that are wrong", () => {
  const whole = (interlaced: boolean): Buffer =>
    writePng(makeSpec(6, 8, [120, 90], { interlaced, idatBytes: 8192 }));

  test.each([false, true])(
    "cut at ten points: truncated_image, interlaced %s",
    async (interlaced) => {
      const file = whole(interlaced);
      for (let tenth = 0; tenth < 10; tenth++) {
        const cut = file.subarray(0, Math.max(20, Math.floor((file.length * tenth) / 10)));
        expect(await codeOf(lab.decode(cut)), `${tenth}/10`).toBe("truncated_image");
      }
      const withoutEnd = file.subarray(0, file.length - 12);
      expect(await codeOf(lab.decode(withoutEnd)), "no IEND").toBe("truncated_image");
    },
  );

  test.each([false, true])(
    "a wrong CRC anywhere that matters: invalid_image",
    async (interlaced) => {
      const file = whole(interlaced);
      for (const at of [20, 33 + 8 + 4000, file.length - 12 - 2]) {
        const bad = Buffer.from(file);
        bad[at] = (bad[at] ?? 0) ^ 0x10;
        expect(await codeOf(lab.decode(bad)), `byte ${at}`).toBe("invalid_image");
      }
    },
  );

  const withData = (data: Uint8Array, interlace = 0): Buffer => {
    const header = Buffer.from([0, 0, 0, 20, 0, 0, 0, 20, 8, 0, 0, 0, interlace]);
    return Buffer.concat([
      Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
      ...[pngChunk("IHDR", header), pngChunk("IDAT", data), pngChunk("IEND", Buffer.alloc(0))],
    ]);
  };

  test("image data that zlib refuses, unknown filters, too few rows are refused", async () => {
    const rows = Buffer.alloc(21 * 20);
    const unknown = Buffer.from(rows);
    unknown[21 * 3] = 7;
    for (const interlace of [0, 1]) {
      for (const data of [
        Buffer.from("no zlib stream"),
        deflateSync(unknown),
        deflateSync(rows.subarray(0, 300)),
      ]) {
        const code = await codeOf(lab.decode(withData(data, interlace)));
        expect(code).toMatch(/^(invalid|truncated)_image$/);
      }
    }
    expect(await codeOf(lab.decode(withData(deflateSync(rows))))).toBe("no error");
  });

  test("more image data than rows is fine, even when it is a bomb", async () => {
    const bomb = deflateSync(Buffer.alloc(200_000_000));
    const { data } = await lab.decode(withData(bomb));
    expect(data.length).toBe(400);
  });

  test("headers that cannot be: invalid_image", async () => {
    const patch = (at: number, bytes: number[]): Buffer => {
      const file = whole(false);
      file.set(bytes, at);
      file.set(pngChunk("IHDR", file.subarray(16, 29)), 8);
      return file;
    };
    const wrong = {
      "0 wide": patch(16, [0, 0, 0, 0]),
      "0 high": patch(20, [0, 0, 0, 0]),
      "2^31 wide": patch(16, [128, 0, 0, 0]),
      "RGB of 4 bits": patch(24, [4, 2]),
      "colour type 1": patch(24, [8, 1]),
      "interlace method 2": patch(28, [2]),
      "no palette": patch(24, [8, 3]),
    };
    for (const [name, file] of Object.entries(wrong)) {
      expect(await codeOf(lab.open(file)), name).toBe("invalid_image");
    }
  });

  test("a header of 60000 x 60000 is read: limits are not the codec's", async () => {
    const file = whole(false);
    file.writeUInt32BE(60_000, 16);
    file.writeUInt32BE(60_000, 20);
    file.set(pngChunk("IHDR", file.subarray(16, 29)), 8);
    expect(await lab.open(file)).toMatchObject({ width: 60_000, height: 60_000 });
  });

  test("after 200 of them the codec works as before", async () => {
    const random = createRandom(9);
    const good = { false: whole(false), true: whole(true) };
    const expected = { false: await judge(good.false, 4), true: await judge(good.true, 4) };
    for (let i = 0; i < 200; i++) {
      const bad = Buffer.from(good[i % 2 === 0 ? "true" : "false"]);
      for (let k = 0; k < 3; k++) bad[41 + random(bad.length - 60)] = random(256);
      expect(await codeOf(lab.decode(bad.subarray(0, 60 + random(bad.length))))).not.toBe(
        "internal",
      );
    }
    for (const name of ["false", "true"] as const) {
      expect(maxDifference((await lab.decode(good[name])).data, expected[name])).toBe(0);
    }
    expect((await (await lab.post("/memory", {}, Buffer.alloc(0))).bytes).length).toBeGreaterThan(
      0,
    );
  });
});
