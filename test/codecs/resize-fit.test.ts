/** Fits, gravities and orientations through the whole pipeline, judged by sharp. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FITS, GRAVITIES } from "../../src/pipeline/options.ts";
import { startLab, type Lab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** A picture that no turn or flip maps to itself. */
function draw(width: number, height: number): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[i++] = (255 * x) / width;
      data[i++] = (255 * y) / height;
      data[i++] = 128 + 100 * Math.sin(x / 9 + y / 13);
    }
  }
  return data;
}

const WIDTH = 301;
const HEIGHT = 203;
const picture = () =>
  sharp(draw(WIDTH, HEIGHT), { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });

const pixelsOf = (file: Uint8Array) => sharp(file).raw().toBuffer({ resolveWithObject: true });

describe("sizes and pixels are sharp's", () => {
  const boxes = [
    [150, 150],
    [120, 40],
    [33, 100],
    [400, 300],
    [1, 1],
  ] as const;
  for (const fit of FITS) {
    it.for(boxes)(`${fit} %i×%i`, async ([width, height]) => {
      const file = await picture().png().toBuffer();
      const ours = await lab.convert(file, {
        ...{ format: "png", width, height, fit, kernel: "catmull-rom" },
        background: { r: 10, g: 200, b: 30, alpha: 1 },
      });
      const theirs = await picture()
        .resize({ width, height, fit, kernel: "cubic", background: { r: 10, g: 200, b: 30 } })
        .raw()
        .toBuffer({ resolveWithObject: true });
      const { data, info } = await pixelsOf(ours.file);
      expect([info.width, info.height]).toEqual([theirs.info.width, theirs.info.height]);
      expect([ours.width, ours.height]).toEqual([info.width, info.height]);
      expect(info.channels).toBe(3);
      // Enlarging, sharp's grid lies up to half a pixel off; resize-kernel judges that by itself.
      if (width > 1) expect(psnr(data, theirs.data)).toBeGreaterThan(width > WIDTH ? 33 : 40);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
    });
  }

  it.for([
    [100, null, [100, 67]],
    [null, 100, [148, 100]],
    [1, null, [1, 1]],
    [602, null, [602, 406]],
    [null, null, [WIDTH, HEIGHT]],
  ] as const)("one side keeps the ratio: %o × %o", async ([width, height, expected]) => {
    const file = await picture().png().toBuffer();
    for (const fit of FITS) {
      const ours = await lab.convert(file, { format: "png", width, height, fit });
      expect([ours.width, ours.height]).toEqual(expected);
    }
  });

  it("the same size passes pixels unchanged", async () => {
    const file = await picture().png().toBuffer();
    for (const fit of FITS) {
      const options = { format: "png", width: WIDTH, height: HEIGHT, fit } as const;
      const { data } = await pixelsOf((await lab.convert(file, options)).file);
      expect(psnr(data, draw(WIDTH, HEIGHT))).toBe(Infinity);
    }
  });
});

describe("gravity", () => {
  for (const gravity of GRAVITIES) {
    it.for([
      [100, 100],
      [300, 90],
      [90, 200],
      [WIDTH, 120],
    ] as const)(`cover keeps what sharp keeps: ${gravity}, %i×%i`, async ([width, height]) => {
      const file = await picture().png().toBuffer();
      const ours = await lab.convert(file, { format: "png", width, height, fit: "cover", gravity });
      const theirs = await picture()
        .resize({ width, height, fit: "cover", position: gravity })
        .raw()
        .toBuffer();
      expect(psnr((await pixelsOf(ours.file)).data, theirs)).toBeGreaterThan(40);
    });

    it(`contain puts the picture where sharp does: ${gravity}`, async () => {
      const file = await picture().png().toBuffer();
      for (const [width, height] of [
        [100, 100],
        [200, 61],
      ] as const) {
        const options = { format: "png", width, height, fit: "contain", gravity } as const;
        const ours = await pixelsOf((await lab.convert(file, options)).file);
        const theirs = await picture()
          .ensureAlpha()
          .resize({ width, height, fit: "contain", position: gravity, background: "#00000000" })
          .raw()
          .toBuffer();
        expect(ours.info.channels).toBe(4);
        expect(psnr(ours.data, theirs)).toBeGreaterThan(40);
      }
    });
  }
});

describe("EXIF orientation is applied once", () => {
  it.for([80, 100])("24 megapixels fit, at quality %i", async (quality) => {
    const size = { width: 6000, height: 4000 };
    const background = { r: 90, g: 120, b: 30 };
    const flat = sharp({ create: { ...size, channels: 3, background } });
    const file = await flat.withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const ours = await lab.convert(file, { format: "jpg", quality });
    expect([ours.width, ours.height]).toEqual([4000, 6000]);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
  });

  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const turned = () => picture().withMetadata({ orientation });

    it(`${orientation}: exactly, from PNG at full size`, async () => {
      const file = await turned().png().toBuffer();
      const upright = await sharp(file).rotate().raw().toBuffer({ resolveWithObject: true });
      for (const stripMetadata of [true, false]) {
        const ours = await lab.convert(file, { format: "png", stripMetadata });
        const { data, info } = await pixelsOf(ours.file);
        expect([info.width, info.height]).toEqual([upright.info.width, upright.info.height]);
        expect(psnr(data, upright.data)).toBe(Infinity);
        const again = (await sharp(ours.file).metadata()).orientation;
        expect(again).toBe(stripMetadata ? undefined : 1);
        expect(ours.used).toBeLessThanOrEqual(ours.planned);
      }
    });

    it.for([
      ["cover", 90, 120, "northwest"],
      ["contain", 90, 120, "southeast"],
      ["inside", 90, 120, "center"],
      ["cover", 600, 610, "northeast"],
      ["cover", 150, HEIGHT, "east"],
    ] as const)(
      `${orientation}: width and height mean the upright picture (%s %i×%i)`,
      async ([fit, width, height, gravity]) => {
        const file = await turned().png().toBuffer();
        const background = { r: 9, g: 9, b: 9, alpha: 1 };
        const options = { format: "png", width, height, fit, gravity, background } as const;
        const ours = await lab.convert(file, { ...options, kernel: "catmull-rom" });
        const theirs = await sharp(file)
          .rotate()
          .resize({ width, height, fit, kernel: "cubic", position: gravity, background })
          .raw()
          .toBuffer({ resolveWithObject: true });
        const { data, info } = await pixelsOf(ours.file);
        expect([info.width, info.height]).toEqual([theirs.info.width, theirs.info.height]);
        expect(psnr(data, theirs.data)).toBeGreaterThan(width > WIDTH ? 33 : 40);
      },
    );

    it(`${orientation}: from JPEG, reduced while decoding`, async () => {
      const file = await turned().jpeg({ quality: 95 }).toBuffer();
      const ours = await lab.convert(file, { format: "png", width: 60 });
      // Not from sharp's own reduction: it takes the 76 pixels of a quarter for the picture's width.
      const whole = await sharp(file).rotate().png().toBuffer();
      const theirs = await sharp(whole).resize({ width: 60 }).raw().toBuffer();
      expect(psnr((await pixelsOf(ours.file)).data, theirs)).toBeGreaterThan(36);
    });
  }
});
