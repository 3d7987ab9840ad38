/** Which picture of a raw file is taken, and what becomes of those that are hostile or large. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawDng, SCENE_SIZE } from "../support/dng-scene.ts";
import type { DngSpec } from "../support/dng-writer.ts";
import { expectSame } from "../support/expect-same.ts";
import { codeOf, startLab, type Lab } from "../support/lab-client.ts";
import { drawPlain } from "../support/plain-pictures.ts";
import { createRandom } from "../support/random.ts";
import { byte, long, short } from "../support/tiff-writer.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

describe("which picture of a file is taken", () => {
  const drawJpeg = async (width: number, height: number) => {
    const { data } = drawPlain(width, height, 3);
    const file = await sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg()
      .toBuffer();
    return { file, width, height };
  };
  const look = async (file: Uint8Array) => {
    const { width, height, warnings } = await lab.open(file);
    return [width, height, ...warnings.map(({ code }) => code)];
  };

  test("the camera's own where it is about as large; the sensor's where it is not", async () => {
    const [large, small] = [await drawJpeg(144, 96), await drawJpeg(75, 50)];
    expect(await look(drawDng({ preview: large }))).toEqual([144, 96, "embedded_preview"]);
    expect(await look(drawDng({ preview: small }))).toEqual([SCENE_SIZE.width, SCENE_SIZE.height]);
  });

  test("a small preview where the sensor's data cannot be developed, saying why", async () => {
    const preview = await drawJpeg(75, 50);
    const others = {
      "another pattern": { 33_421: short(6, 6), 33_422: byte(...Array<number>(36).fill(1)) },
      "JPEG XL": { 259: short(52_546) },
      "floating point": { 339: short(3) },
    };
    for (const fields of Object.values(others)) {
      const file = drawDng({ preview, fields });
      expect(await look(file)).toEqual([75, 50, "embedded_preview"]);
      expect((await lab.open(file)).warnings[0]?.message).toContain("cannot be developed");
      expect(await codeOf(lab.decode(drawDng({ fields })))).toBe("unsupported_feature");
    }
    const colourless = { 50_721: null };
    expect(await look(drawDng({ preview, mainFields: colourless }))).toContain("embedded_preview");
    expect(await codeOf(lab.decode(drawDng({ mainFields: colourless })))).toBe(
      "unsupported_feature",
    );
  });
});

describe("bad input", () => {
  const compression = { predictor: 1, components: 2 };

  test("cut off anywhere: truncated_image", async () => {
    for (const file of [drawDng(), drawDng({ compression }), drawDng({ compression: "deflate" })]) {
      for (let tenth = 1; tenth < 10; tenth++) {
        const part = file.subarray(0, Math.floor((file.length * tenth) / 10));
        expect(await codeOf(lab.decode(part))).toBe("truncated_image");
      }
    }
  });

  test("a lossless JPEG that ends early: invalid_image", async () => {
    const file = drawDng({ compression });
    const jpegBytes = file.readUInt32LE(4) - 8;
    const early = drawDng({ compression, fields: { 279: long(jpegBytes >> 1) } });
    expect(await codeOf(lab.decode(early))).toBe("invalid_image");
  });

  test("damaged bytes end in a picture or an error of ours", async () => {
    const pick = createRandom(11);
    const files = [
      drawDng({ compression, tile: { width: 64, height: 48 } }),
      drawDng({ bits: 12 }),
    ];
    const wanted = (await lab.decode(files[1] ?? Buffer.alloc(0))).data;
    for (const [index, file] of files.entries()) {
      for (let round = 0; round < 60; round++) {
        const damaged = Buffer.from(file);
        const heads = round % 2 === 0 ? file.length - 700 : 0;
        for (let i = 0; i < 3; i++) damaged[heads + pick(file.length - heads)] = pick(256);
        const code = await codeOf(lab.decode(damaged));
        const known = ["no error", "invalid_image", "truncated_image", "unsupported_feature"];
        expect([...known, "memory_limit", "too_many_pixels"], `${index} ${round}`).toContain(code);
      }
    }
    const { data } = await lab.decode(files[1] ?? Buffer.alloc(0));
    expectSame(data, wanted);
  });

  test("impossible sizes and areas are refused", async () => {
    const impossible: DngSpec["fields"][] = [
      { 256: long(0) },
      { 256: long(1_000_000) },
      { 257: long(60_000) },
      { 50_829: long(0, 0, 4000, 4000) },
      { 50_829: long(50, 50, 50, 50) },
      { 50_829: long(90, 140, 98, 150) },
      { 50_719: long(140, 90), 50_720: long(8, 8) },
      { 322: long(1), 323: long(1), 324: { type: 4, values: Array<number>(16_384).fill(8) } },
      { 50_717: long(0) },
      { 278: long(0) },
    ];
    for (const fields of impossible) {
      expect(await codeOf(lab.decode(drawDng({ fields: fields ?? {} })))).toMatch(
        /^(?:invalid|truncated)_image$/,
      );
    }
  });
});

test("48 megapixels in one tile fit", async () => {
  const size = { width: 8000, height: 6000 };
  const values = new Uint16Array(size.width * size.height).fill(9000);
  const file = drawDng({ ...size, values, compression: "deflate", tile: size });
  const { width, height, planned, used } = await lab.convert(file, { format: "jpg" });
  expect([width, height]).toEqual([8000, 6000]);
  expect(used).toBeLessThanOrEqual(planned);
  expect(planned).toBeLessThan(32 * 2 ** 20);
});
