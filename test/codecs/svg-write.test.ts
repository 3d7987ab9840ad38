/** SVG out: pictures are traced within bounds, and no SVG leaves as it came. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasCorpus, readCorpus } from "../corpus/manifest.ts";
import { type Lab, LabError, startLab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const svg = (attributes: string, body: string): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${body}</svg>`,
  );

/** Of a file as its own reader, or librsvg, shows it on a colour. */
const onColour = async (file: Uint8Array, background: string, width: number, height: number) =>
  await sharp(file)
    .resize(width, height, { fit: "fill" })
    .flatten({ background })
    .toColourspace("srgb")
    .raw()
    .toBuffer();

async function similarity(made: Uint8Array, wanted: Uint8Array, background = "#fff") {
  const { width, height } = await sharp(wanted).metadata();
  const [ours, theirs] = await Promise.all(
    [made, wanted].map((file) => onColour(file, background, width, height)),
  );
  return psnr(ours as Buffer, theirs as Buffer);
}

const [GRAY, RGB, RGBA] = [{ channels: 1 }, { channels: 3 }, { channels: 4 }] as const;

function noise(length: number): Uint8Array {
  const random = createRandom();
  return Uint8Array.from({ length }, () => random(256));
}

const SHAPES =
  '<circle cx="150" cy="160" r="110" fill="#c2185b"/><path d="M280 60L560 90 480 330z" fill="#1976d2"/><rect x="60" y="300" width="300" height="60" fill="#388e3c"/>';
const WHITE = '<rect width="600" height="400" fill="#fff"/>';

const draw = async (body: string, width = 600, height = 400): Promise<Buffer> =>
  await sharp(svg(`width="${width}" height="${height}"`, body))
    .png()
    .toBuffer();

const count = (file: Uint8Array, part: RegExp): number =>
  Buffer.from(file).toString().match(part)?.length ?? 0;

describe("tracing", () => {
  test.each([
    ["on white", WHITE],
    ["on nothing", ""],
  ])("a logo %s becomes a few shapes with curves, of its size", async (_name, ground) => {
    const png = await draw(ground + SHAPES);
    const made = await lab.convert(png, { format: "svg" });
    expect(made).toMatchObject({ format: "svg", width: 600, height: 400 });
    expect(await sharp(made.file).metadata()).toMatchObject({ format: "svg", width: 600, height: 400 }); // prettier-ignore
    for (const background of ["#fff", "#123"]) {
      expect(await similarity(made.file, png, background)).toBeGreaterThan(40);
    }
    expect(made.file.length).toBeLessThan(3000);
    expect(count(made.file, /<path/g)).toBeLessThan(12);
    expect(count(made.file, /c[-\d.]/g)).toBeGreaterThan(0);
    expect(made.used).toBeLessThanOrEqual(made.planned);
  });

  test("a traced logo can be drawn three times as large", async () => {
    const made = await lab.convert(await draw(WHITE + SHAPES), { format: "svg" });
    const large = await sharp(made.file, { density: 3 * 72 })
      .png()
      .toBuffer();
    const wanted = await sharp(svg('width="600" height="400"', WHITE + SHAPES), { density: 3 * 72 }).png().toBuffer(); // prettier-ignore
    expect(await similarity(large, wanted)).toBeGreaterThan(35);
  });

  test("nothing shines through where two shapes meet", async () => {
    const halves = '<rect width="600" height="400" fill="#a22"/><path d="M300 0h300v400H170z" fill="#922"/>'; // prettier-ignore
    const made = await lab.convert(await draw(halves), { format: "svg" });
    const drawn = await sharp(made.file).flatten({ background: "#0f0" }).raw().toBuffer();
    const greens = drawn.filter((_, i) => i % 3 === 1);
    expect(greens.findIndex((green) => green > 60)).toBe(-1);
  });

  test.each([
    [RGB, 3],
    [RGBA, 4],
    [GRAY, 1],
  ])("an icon of $channels channels is written pixel by pixel", async (raw, channels) => {
    const [width, height] = [48, 30];
    const data = noise(width * height * channels);
    const png = await sharp(data, { raw: { width, height, channels: raw.channels } }).png().toBuffer(); // prettier-ignore
    const made = await lab.convert(png, { format: "svg" });
    expect(await similarity(made.file, png)).toBeGreaterThan(channels === 4 ? 45 : 100);
    expect(made.used).toBeLessThanOrEqual(made.planned);
  });

  test("half transparent areas stay so", async () => {
    const png = await draw('<rect width="300" height="300" fill="#c00" fill-opacity=".5"/>', 400, 300); // prettier-ignore
    const made = await lab.convert(png, { format: "svg" });
    const drawn = await sharp(made.file).ensureAlpha().raw().toBuffer();
    const alphaAt = (x: number, y: number) => drawn[(y * 400 + x) * 4 + 3] ?? -1;
    expect(Math.abs(alphaAt(150, 150) - 128)).toBeLessThanOrEqual(2);
    expect(alphaAt(380, 150)).toBe(0);
  });

  test("what is not seen of a transparent picture leaves no rim", async () => {
    const disc = Buffer.alloc(200 * 200 * 4, 0);
    for (let p = 0; p < 200 * 200; p++) {
      const far = Math.hypot((p % 200) - 100, Math.floor(p / 200) - 100);
      if (far < 80) disc.set([255, 240, 230, 255], p * 4);
    }
    const png = await sharp(disc, { raw: { width: 200, height: 200, channels: 4 } }).png().toBuffer(); // prettier-ignore
    const made = await lab.convert(png, { format: "svg" });
    const drawn = await sharp(made.file).flatten({ background: "#fff" }).raw().toBuffer();
    expect(drawn.findIndex((value) => value < 220)).toBe(-1);
  });

  test.each([
    [1, 1],
    [1, 50],
    [16_000, 2],
    [16_000, 40],
  ])("%i × %i pixels are a drawing of that size", async (width, height) => {
    const create = { width, height, channels: 3, background: "#0a6" } as const;
    const made = await lab.convert(await sharp({ create }).png().toBuffer(), { format: "svg" });
    expect(await lab.open(made.file)).toMatchObject({ format: "svg", width, height });
    expect(count(made.file, /<path/g)).toBe(1);
    expect(made.used).toBeLessThanOrEqual(made.planned);
  });

  test("noise ends in 10 s, within the plan and 2 MiB, and can be read again", async () => {
    const raw = { width: 640, height: 480, channels: 4 } as const;
    const png = await sharp(noise(640 * 480 * 4), { raw })
      .png()
      .toBuffer();
    const made = await lab.convert(png, { format: "svg", quality: 100 });
    expect(made.ms).toBeLessThan(10_000);
    expect(made.file.length).toBeLessThan(2 * 2 ** 20);
    expect(made.used).toBeLessThanOrEqual(made.planned);
    expect(await lab.open(made.file)).toMatchObject({ format: "svg", width: 640, height: 480 });
  });

  test("a lower quality is a shorter file", async () => {
    const raw = { width: 300, height: 200, channels: 3 } as const;
    const png = await sharp(noise(300 * 200 * 3), { raw })
      .blur(2)
      .png()
      .toBuffer();
    const made = [];
    for (const quality of [20, 60, 95]) made.push(await lab.convert(png, { format: "svg", quality })); // prettier-ignore
    const lengths = made.map(({ file }) => file.length);
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    expect(await similarity(made[2]?.file as Uint8Array, png)).toBeGreaterThan(29);
  });

  test("of a large picture max_bytes is used, and its size kept", async () => {
    const raw = { width: 500, height: 375, channels: 3 } as const;
    const small = await sharp(noise(500 * 375 * 3), { raw })
      .blur(2)
      .normalise()
      .png()
      .toBuffer();
    const png = await sharp(small).resize(2000, 1500).png().toBuffer();
    const free = await lab.convert(png, { format: "svg", quality: 95 });
    const maxBytes = Math.round(free.file.length * 0.7);
    const made = await lab.convert(png, { format: "svg", quality: 95, maxBytes });
    expect(made).toMatchObject({ width: 2000, height: 1500, warnings: [] });
    expect(made.file.length).toBeLessThanOrEqual(maxBytes);
    expect(made.file.length).toBeGreaterThan(maxBytes * 0.7);
  });

  test("50 pictures one after another take no more memory than one", async () => {
    const png = await draw(SHAPES, 300, 200);
    const first = await lab.convert(png, { format: "svg" });
    const { held } = await lab.memory();
    for (let i = 0; i < 50; i++) {
      const made = await lab.convert(png, { format: "svg" });
      expect(Buffer.compare(made.file, first.file)).toBe(0);
    }
    expect((await lab.memory()).held).toBeLessThanOrEqual(held);
  });
});

describe("SVG to SVG", () => {
  const HARMFUL = /script|onload|onclick|foreignObject|javascript:|https?:\/\/(?!www\.w3\.org)|file:|<!ENTITY|<animate|@import/i; // prettier-ignore
  const hostile = svg(
    'width="60" height="40" onload="alert(1)"',
    `<script>alert(1)</script><image href="https://example.com/a.png" width="9" height="9"/>
     <a href="javascript:alert(1)"><rect onclick="alert(1)" width="30" height="40" fill="#f00"/></a>
     <foreignObject><body xmlns="http://www.w3.org/1999/xhtml">hello</body></foreignObject>
     <style>@import url(https://example.com/a.css); rect { fill: #f00 }</style>
     <use xlink:href="file:///etc/passwd#a"/><animate attributeName="x"/>`,
  );

  test.each([
    ["as it is", {}],
    ["never larger", { neverLarger: true }],
    ["in a million bytes", { maxBytes: 1_000_000 }],
    ["of another size", { width: 120 }],
    ["cut", { width: 20, height: 20, fit: "cover" }],
  ] as const)("%s, has nothing that runs, links or is fetched", async (_name, options) => {
    const made = await lab.convert(hostile, { format: "svg", ...options });
    const text = Buffer.from(made.file).toString();
    expect(HARMFUL.test(hostile.toString())).toBe(true);
    expect(text).not.toMatch(HARMFUL);
    expect(Buffer.compare(made.file, hostile)).not.toBe(0);
    const { width, height } = await sharp(made.file).metadata();
    expect({ width, height }).toEqual({ width: made.width, height: made.height });
    const drawn = await sharp(made.file).ensureAlpha().raw().toBuffer();
    expect([...drawn.subarray(0, 4)]).toEqual([255, 0, 0, 255]);
  });

  test("keeps its shapes, and can be stretched", async () => {
    const file = svg('viewBox="0 0 600 400"', SHAPES);
    const made = await lab.convert(file, { format: "svg", width: 300, height: 600, fit: "fill" });
    expect(made).toMatchObject({ width: 300, height: 600, warnings: [] });
    expect(Buffer.from(made.file).toString()).toContain('<circle cx="150" cy="160" r="110"');
    const wanted = await onColour(file, "#fff", 300, 600);
    expect(psnr(await onColour(made.file, "#fff", 300, 600), wanted)).toBeGreaterThan(25);
  });

  test("is traced where it must be shorter than its text", async () => {
    const file = svg('width="60" height="40"', '<path d="M0 0h60v40h-60z" fill="#f00"/>'.repeat(300)); // prettier-ignore
    const made = await lab.convert(file, { format: "svg", maxBytes: 1500 });
    expect(made.file.length).toBeLessThanOrEqual(1500);
  });
});

describe.skipIf(!hasCorpus)("corpus", () => {
  test.each(readCorpus("svg"))("$path leaves rewritten, and looks the same", async ({ bytes }) => {
    const made = await lab.convert(bytes, { format: "svg" });
    expect(Buffer.compare(made.file, bytes)).not.toBe(0);
    const [before, after] = [await lab.decode(bytes), await lab.decode(made.file)];
    expect(after).toMatchObject({ width: before.width, height: before.height });
    expect(psnr(after.data, before.data)).toBeGreaterThan(40);
  });

  test.each(readCorpus("hostile").filter(({ path }) => path.endsWith(".svg")))(
    "$path leaves harmless, or not at all",
    async ({ bytes }) => {
      const text = await lab.convert(bytes, { format: "svg" }).then(
        ({ file }) => Buffer.from(file).toString(),
        (error: unknown) => {
          expect(error).toBeInstanceOf(LabError);
          return "";
        },
      );
      expect(text).not.toMatch(/script|file:|<!|https?:\/\/(?!www\.w3\.org)/i);
    },
  );
});
