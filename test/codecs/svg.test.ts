/** SVG in the real runtime: drawn as librsvg draws it, and harmless whatever is in it. */
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasCorpus, readCorpus } from "../corpus/manifest.ts";
import { codeOf, type Lab, type Pixels, startLab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const svg = (attributes: string, body: string): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${body}</svg>`,
  );

/** Of spaces, as one of several parts of a gzip file: 8 KiB. */
const EIGHT_MIB = gzipSync(Buffer.alloc(8 * 2 ** 20, " "));

const RED_HALF = '<rect width="50%" height="100%" fill="#f00"/>';

function pixelAt({ width, channels, data }: Pixels, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels)];
}

async function byLibrsvg(file: Buffer, width: number): Promise<Pixels> {
  const { width: natural = width } = await sharp(file).metadata();
  const { data, info } = await sharp(file, { density: (72 * width) / natural })
    .resize(width)
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { ...info, channels: 4, data };
}

/** What is transparent has no colour. */
function onWhite({ data }: Pixels): Uint8Array {
  const flat = new Uint8Array((data.length / 4) * 3);
  for (let i = 0, o = 0; i < data.length; i += 4) {
    const alpha = (data[i + 3] ?? 0) / 255;
    for (let k = 0; k < 3; k++)
      flat[o++] = Math.round((data[i + k] ?? 0) * alpha + 255 * (1 - alpha));
  }
  return flat;
}

describe("sizes", () => {
  test.each([
    ['width="120" height="80"', 120, 80],
    ['width="1in" height="2.54cm"', 96, 96],
    ['viewBox="0 0 40 20"', 40, 20],
    ['viewBox="0 0 40 20" width="80"', 80, 40],
    ['viewBox="0 0 40 20" height="40px"', 80, 40],
    ['viewBox="0 0 40 20" width="100%" height="100%"', 40, 20],
    ['width="50"', 50, 150],
  ])("%s is %i × %i", async (attributes, width, height) => {
    const drawn = await lab.decode(svg(attributes, RED_HALF));
    expect(drawn).toMatchObject({ width, height, channels: 4, rows: height });
    if (attributes.includes("viewBox")) return;
    expect(pixelAt(drawn, Math.floor(width / 2) - 1, height - 1)).toEqual([255, 0, 0, 255]);
    expect(pixelAt(drawn, Math.ceil(width / 2), 0)[3]).toBe(0);
  });

  test.each([
    ["shapes", '<rect x="100" y="50" width="50" height="20"/>', 150, 70],
    ["strokes", '<path d="M10 10H50V30" fill="none" stroke="red" stroke-width="4"/>', 52, 32],
    ["what is moved", '<g transform="translate(50) scale(2)"><circle cx="5" cy="5" r="5"/></g>', 70, 20], // prettier-ignore
    ["what reaches beyond the origin", '<rect x="-10" y="-10" width="50" height="20"/>', 40, 10],
    ["shares of the default", '<rect width="50%" height="100%"/>', 150, 150],
    ["nothing", "<g/>", 300, 150],
    ["what is all beyond the origin", '<rect x="-90" y="-90" width="50" height="20"/>', 300, 150],
  ])("without any are those of what is drawn: %s", async (_name, body, width, height) => {
    for (const attributes of ["", 'width="100%" height="100%"']) {
      const drawn = await lab.decode(svg(attributes, body));
      expect(drawn).toMatchObject({ width, height, rows: height });
      expect(drawn.used).toBeLessThanOrEqual(drawn.planned);
    }
  });

  test("without any, beyond the limits, are shrunk with a warning", async () => {
    const made = await lab.convert(svg("", '<rect width="1e6" height="5e5"/>'), { format: "png" });
    expect(made.width / made.height).toBeCloseTo(2, 2);
    expect(made.warnings.map(({ code }) => code)).toContain("drawn_smaller");
  });

  test("follow dpi, and what is asked for; edges stay sharp", async () => {
    const file = svg('width="20" height="10"', RED_HALF);
    expect(await lab.open(file, { context: { dpi: 192 } })).toMatchObject({
      width: 40,
      height: 20,
    });
    for (const [width, height] of [
      [400, 200],
      [33, 90],
      [1, 1],
    ] as const) {
      // prettier-ignore
      const made = await lab.convert(file, { format: "png", width, height, fit: "fill" });
      expect(made).toMatchObject({ width, height });
      const drawn = await lab.decode(made.file);
      const row = Array.from({ length: width }, (_, x) => pixelAt(drawn, x, 0).at(-1) ?? 0);
      expect(row.filter((alpha) => alpha > 0 && alpha < 255).length).toBeLessThanOrEqual(1);
      expect(made.used).toBeLessThanOrEqual(made.planned);
    }
  });

  test("32 MP are drawn, in bands whose seams cannot be seen", async () => {
    const file = svg('viewBox="0 0 100 100"', '<circle cx="50" cy="50" r="45" fill="#07f" stroke="#f80" stroke-width="3" fill-opacity=".7"/>'); // prettier-ignore
    const made = await lab.convert(file, { format: "png", width: 5600 });
    expect(made).toMatchObject({ width: 5600, height: 5600 });
    expect(made.used).toBeLessThanOrEqual(made.planned);
    const ours = await sharp(made.file, { limitInputPixels: false }).ensureAlpha().raw().toBuffer();
    const theirs = await byLibrsvg(file, 5600);
    const rows = { ...theirs, data: theirs.data.subarray(2000 * 5600 * 4, 3000 * 5600 * 4) };
    expect(psnr(onWhite({ ...rows, data: ours.subarray(2000 * 5600 * 4, 3000 * 5600 * 4) }), onWhite(rows))).toBeGreaterThan(40); // prettier-ignore
  });

  test.each([
    [8000, 8000],
    [16_384, 4800],
  ])("%i × %i without layers are drawn within the plan", async (width, height) => {
    const size = `width="${width}" height="${height}"`;
    const made = await lab.convert(svg(size, RED_HALF), { format: "png" });
    expect(made).toMatchObject({ width, height, warnings: [] });
    expect(made.used).toBeLessThanOrEqual(made.planned);
  });

  test.each([
    ["shape", '<circle cx="24" cy="24" r="20"/>'],
    ["symbol", '<symbol id="s" viewBox="0 0 9 9"><path d="M0 0H99V99z"/></symbol><use xlink:href="#s" width="30" height="30"/>'], // prettier-ignore
    ["nested drawing", '<svg width="20" height="20"><rect width="99" height="99"/></svg>'],
    ["marker", '<marker id="m" markerWidth="5" markerHeight="5"><rect width="50" height="50"/></marker><path d="M5 5L20 9" stroke="red" marker-end="url(#m)"/>'], // prettier-ignore
    ["pattern", '<pattern id="p" width="5" height="5" patternUnits="userSpaceOnUse"><circle r="2"/></pattern><rect width="50" height="50" fill="url(#p)"/>'], // prettier-ignore
    ["style sheet", '<style>.a{opacity:.5}</style><g class="a"><rect width="9" height="9"/></g>'],
    ["transparent group", '<g opacity=".5"><rect width="9" height="9"/></g>'],
    ["clip", '<clipPath id="c"><circle r="9"/></clipPath><rect width="9" height="9" clip-path="url(#c)"/>'], // prettier-ignore
  ])(
    "a %s in the first of many bands is drawn once, and nothing in the others",
    async (_name, body) => {
      const drawn = await lab.decode(svg('width="300" height="12000"', body));
      expect(drawn.used).toBeLessThanOrEqual(drawn.planned);
      const isDrawn = (from: number, to: number) =>
        drawn.data.subarray(from * 1200, to * 1200).some((value) => value !== 0);
      expect([isDrawn(0, 50), isDrawn(50, 12_000)]).toEqual([true, false]);
    },
  );

  test("one that wants more than planned leaves nothing behind that keeps the next from being drawn", async () => {
    const hungry = svg('width="600" height="600"', `<path d="${"M0 0L9 9".repeat(9)}" stroke="#000" stroke-dasharray=".0001"/>`); // prettier-ignore
    for (let i = 0; i < 2; i++) {
      expect(await codeOf(lab.convert(hungry, { format: "png" }))).toBe("memory_limit");
      const next = await lab.convert(svg('width="600" height="600"', RED_HALF), { format: "png" });
      expect(next.width).toBe(600);
    }
  });

  test("where layers leave no room for so many, are enlarged, and say so", async () => {
    const file = svg('viewBox="0 0 100 100"', '<circle cx="50" cy="50" r="45" opacity=".7"/>');
    const small = await lab.convert(file, { format: "png", width: 1500 });
    expect(small.warnings).toEqual([]);
    const made = await lab.convert(file, { format: "png", width: 4000 });
    expect(made).toMatchObject({ width: 4000, height: 4000 });
    expect(made.warnings.map(({ code }) => code)).toEqual(["drawn_smaller"]);
    expect(made.used).toBeLessThanOrEqual(made.planned);
  });

  test("beyond the limits are refused by the header, unless a size is asked for", async () => {
    const vast = svg('width="100000" height="100000"', RED_HALF);
    expect(await codeOf(lab.convert(vast, { format: "png" }))).toBe("too_many_pixels");
    expect(await lab.convert(vast, { format: "png", width: 64 })).toMatchObject({ height: 64 });
    const zero = svg('width="0" height="5"', RED_HALF);
    expect(await codeOf(lab.convert(zero, { format: "png" }))).toBe("invalid_image");
  });
});

describe("drawing", () => {
  test("half transparent colours are straight", async () => {
    const drawn = await lab.decode(svg('width="4" height="4"', '<rect width="4" height="4" fill="#c86432" fill-opacity=".5"/>')); // prettier-ignore
    const [r = 0, g = 0, b = 0, alpha = 0] = pixelAt(drawn, 1, 1);
    expect(Math.abs(alpha - 128)).toBeLessThanOrEqual(1);
    for (const [ours, wanted] of [[r, 200], [g, 100], [b, 50]] as const) expect(Math.abs(ours - wanted)).toBeLessThanOrEqual(1); // prettier-ignore
  });

  test.each(["Latin", "Ελληνικά", "Кириллица"])(
    "%s is set in a sans, a serif and a mono",
    async (word) => {
      const widths: number[] = [];
      for (const family of ["sans-serif", "serif", "monospace", "Arial", "Courier New"]) {
        const body = `<text x="5" y="40" font-size="32" font-family="${family}">${word}</text>`;
        const drawn = await lab.decode(svg('width="400" height="60"', body));
        let right = 0;
        for (let i = 0; i < 400 * 60; i++) {
          if (drawn.data[i * 4 + 3]) right = Math.max(right, i % 400);
        }
        widths.push(right);
        expect(drawn.used).toBeLessThanOrEqual(drawn.planned);
      }
      const [sans = 0, serif = 0, mono = 0, arial, courier] = widths;
      expect(sans).toBeGreaterThan(60);
      expect(new Set([sans, serif, mono]).size).toBe(3);
      expect([arial, courier]).toEqual([sans, mono]);
    },
  );

  test("style sheets, gradients, masks, patterns and filters", async () => {
    const body = `<style>.a { fill: url(#g) } rect.b { fill: #0a0; opacity: .5 }</style>
      <defs><linearGradient id="g"><stop stop-color="#00f"/><stop offset="1" stop-color="#ff0"/></linearGradient>
      <pattern id="p" width="10" height="10" patternUnits="userSpaceOnUse"><circle cx="5" cy="5" r="4"/></pattern>
      <mask id="m"><rect width="100" height="100" fill="#fff"/><circle cx="50" cy="50" r="20"/></mask>
      <filter id="f"><feGaussianBlur stdDeviation="3"/></filter></defs>
      <rect class="a" width="100" height="50"/><rect class="b" y="25" width="50" height="50"/>
      <rect y="60" width="100" height="40" fill="url(#p)" mask="url(#m)"/>
      <g filter="url(#f)"><rect x="60" y="20" width="30" height="30" fill="red"/></g><use xlink:href="#u" x="5"/><g id="u"><path d="M80 80h10v10z"/></g>`;
    const file = svg('viewBox="0 0 100 100" width="300" height="300"', body);
    const ours = await lab.decode(file);
    expect(psnr(onWhite(ours), onWhite(await byLibrsvg(file, 300)))).toBeGreaterThan(30);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
  });

  test("entities that stand for text, as drawing programs write them", async () => {
    const file = Buffer.from('<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd" [<!ENTITY ns "http://www.w3.org/2000/svg"><!ENTITY red "#f00">]><svg xmlns="&ns;" width="4" height="4"><rect width="4" height="4" fill="&red;"/></svg>'); // prettier-ignore
    expect(pixelAt(await lab.decode(file), 1, 1)).toEqual([255, 0, 0, 255]);
  });

  test("UTF-16, Latin-1 and a byte order mark", async () => {
    const text = svg('width="4" height="4"', '<rect width="4" height="4" fill="#f00"/>').toString();
    for (const file of [
      Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from(text, "utf16le")]),
      Buffer.from(`\ufeff${text}`),
      Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?><!-- \xe9 -->${text}`, "latin1"),
    ]) {
      expect(pixelAt(await lab.decode(file), 1, 1)).toEqual([255, 0, 0, 255]);
    }
  });
});

describe("compressed", () => {
  const text = svg('width="30" height="20"', `<!-- ${"words ".repeat(999)} -->${RED_HALF}`);

  test("it is drawn as if it were not", async () => {
    for (const level of [0, 1, 9]) {
      const drawn = await lab.decode(gzipSync(text, { level }));
      expect(drawn.data).toEqual((await lab.decode(text)).data);
      expect(drawn.used).toBeLessThanOrEqual(drawn.planned);
    }
    const made = await lab.convert(gzipSync(text), { format: "png" });
    expect(made.source).toEqual({ format: "svg", width: 30, height: 20 });
  });

  test.each([
    ["text of 8 GiB", () => Buffer.concat([gzipSync(svg("", "").subarray(0, 60)), ...Array.from({ length: 2 ** 10 }, () => EIGHT_MIB)]), "memory_limit"], // prettier-ignore
    ["spaces of 9 MiB", () => gzipSync(Buffer.concat([text, Buffer.alloc(9 * 2 ** 20, " ")])), "memory_limit"], // prettier-ignore
    ["no end", () => gzipSync(text).subarray(0, -20), "truncated_image"],
    [
      "a byte that is wrong",
      () =>
        Buffer.from(
          gzipSync(text, { level: 0 }).map((byte, at, { length }) =>
            at < length - 8 ? byte : ~byte,
          ),
        ),
      "invalid_image",
    ],
    ["no SVG", () => gzipSync("<html/>"), "unsupported_input_format"],
    ["nothing but a head", () => gzipSync(text).subarray(0, 10), "unsupported_input_format"],
  ])("%s is refused at once", async (_name, make, code) => {
    const file = make();
    const start = performance.now();
    expect(await codeOf(lab.convert(file, { format: "png" }))).toBe(code);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe("files that are wrong", () => {
  const nest = (depth: number) => "<g>".repeat(depth) + "</g>".repeat(depth);
  const laughs = (reference: (id: number) => string) =>
    Array.from(
      { length: 12 },
      (_, id) => `<g id="a${id + 1}">${reference(id).repeat(10)}</g>`,
    ).join("");
  const size = 'width="10" height="10"';
  test.each([
    ["uses of uses", svg(size, `<rect id="a0" width="1" height="1"/>${laughs((id) => `<use xlink:href="#a${id}"/>`)}`), "memory_limit"], // prettier-ignore
    ["patterns of patterns", svg(size, Array.from({ length: 12 }, (_, id) => `<pattern id="a${id + 1}" width="1" height="1">${`<rect width="1" height="1" fill="url(#a${id})"/>`.repeat(10)}</pattern>`).join("") + '<rect width="10" height="10" fill="url(#a12)"/>'), "memory_limit"], // prettier-ignore
    ["a hundred thousand groups", svg(size, "<g/>".repeat(100_001)), "memory_limit"],
    ["deep nesting", svg(size, nest(100_000)), "unsupported_feature"],
    ["entities of entities", Buffer.from(`<!DOCTYPE svg [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>`), "unsupported_feature"], // prettier-ignore
    ["a long entity, used often", Buffer.from(`<!DOCTYPE svg [<!ENTITY a "${"x".repeat(60_000)}">]><svg xmlns="http://www.w3.org/2000/svg"><text>${"&a;".repeat(1000)}</text></svg>`), "unsupported_feature"], // prettier-ignore
    ["an external entity", Buffer.from('<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>'), "unsupported_feature"], // prettier-ignore
    ["tags that do not match", svg(size, "<g></a>"), "invalid_image"],
    ["no end", svg(size, "<g>").subarray(0, -12), "truncated_image"],
  ])("%s", async (_name, file, code) => {
    const start = performance.now();
    expect(await codeOf(lab.convert(file, { format: "png" }))).toBe(code);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test("a picture inside that is too large", async () => {
    const create = { width: 3000, height: 3000, channels: 3, background: "red" } as const;
    const png = (await sharp({ create }).png().toBuffer()).toString("base64");
    const file = svg(size, `<image width="9" height="9" href="data:image/png;base64,${png}"/>`);
    expect(await codeOf(lab.open(file))).toBe("too_many_pixels");
  });

  test("nesting and many parts below the limits are drawn within the plan", async () => {
    for (const body of [
      nest(150),
      `<g opacity=".9">`.repeat(30) + RED_HALF + "</g>".repeat(30),
      '<path d="M0 0h9v9z"/>'.repeat(50_000),
      `<text>${"a".repeat(5000)}</text>`,
    ]) {
      // prettier-ignore
      const drawn = await lab.convert(svg('width="1000" height="1000"', body), { format: "bmp" });
      expect(drawn.used).toBeLessThanOrEqual(drawn.planned);
    }
  });

  test("100 drawings one after another take no more memory than one", async () => {
    const file = svg(
      'width="500" height="500"',
      `<g opacity=".5">${RED_HALF}</g><text y="40">text</text>`,
    );
    await lab.convert(file, { format: "png" });
    const { held } = await lab.memory();
    for (let i = 0; i < 100; i++) await lab.convert(file, { format: "png" });
    expect((await lab.memory()).held).toBeLessThanOrEqual(held);
  });
});

describe.skipIf(!hasCorpus)("corpus", () => {
  /** Fonts, which each renderer chooses in its own way. */
  const OTHERWISE = new Set(["svg/text-with-filter-fonts.svg"]);
  const files = readCorpus("svg").filter(({ path }) => !OTHERWISE.has(path));
  test.each(files)("$path looks as librsvg draws it", async ({ path, bytes, width, height }) => {
    const ours = await lab.decode(bytes);
    expect(ours).toMatchObject({ width, height });
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
    // Below are words in a font of each renderer's own.
    const rows = path.includes("real-world") ? 300 : height;
    const part = ({ data, ...rest }: Pixels) => ({ ...rest, data: data.subarray(0, rows * width * 4) }); // prettier-ignore
    const theirs = await byLibrsvg(bytes, width);
    expect(psnr(onWhite(part(ours)), onWhite(part(theirs)))).toBeGreaterThan(30);
  });

  test.each(readCorpus("svg").filter(({ path }) => OTHERWISE.has(path)))(
    "$path is drawn",
    async ({ bytes }) => {
      // prettier-ignore
      const { data } = await lab.decode(bytes);
      expect(data.some((value) => value !== 0)).toBe(true);
    },
  );

  test.each(readCorpus("hostile").filter(({ path }) => path.endsWith(".svg")))(
    "$path ends as it should within 5 s",
    async ({ bytes, expected }) => {
      // prettier-ignore
      const start = performance.now();
      const code = await codeOf(lab.convert(bytes, { format: "png" }));
      if (expected === "ok") expect(code).toBe("no error");
      if (expected === "error") expect(code).toBe("unsupported_feature");
      expect(["no error", "unsupported_feature", "invalid_image"]).toContain(code);
      expect(performance.now() - start).toBeLessThan(5000);
    },
  );
});
