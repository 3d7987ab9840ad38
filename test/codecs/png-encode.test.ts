import decodeJsquash, { init } from "@jsquash/png/decode.js";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, type Pixels, startLab } from "../support/lab-client.ts";
import { writePng } from "../support/png-writer.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** Rows 0 to 30 % are noise, 30 to 60 % smooth, the rest flat: all ways of the encoder take turns. */
function draw(width: number, height: number, channels: 1 | 3 | 4): Pixels {
  const data = new Uint8Array(width * height * channels);
  let state = 7;
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const k = i % channels;
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    if (y < height * 0.3) data[i] = state >>> 24;
    else if (y < height * 0.6) data[i] = 120 + 90 * Math.sin(x / 40 + k) + y / 8;
    else data[i] = (x >> 5) % 3 === k ? 200 : 30;
  }
  return { width, height, channels, data };
}

async function readBack(file: Uint8Array, channels: number): Promise<Uint8Array> {
  const image = sharp(file).toColourspace(channels === 1 ? "b-w" : "srgb");
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(channels);
  return data;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

describe("what is encoded is what an independent decoder reads", () => {
  const SIZES: [number, number][] = [
    [1, 1],
    [7, 3],
    [333, 201],
    [1000, 400],
  ];

  test.each([1, 3, 4] as const)("%i channels, every effort, odd sizes", async (channels) => {
    for (const [width, height] of SIZES) {
      const pixels = draw(width, height, channels);
      for (const effort of ["fast", "default", "max"] as const) {
        const { file, used, planned } = await lab.encode("png", pixels, { effort });
        expect(Buffer.compare(await readBack(file, channels), pixels.data)).toBe(0);
        expect(used).toBeLessThanOrEqual(planned);
      }
    }
  });

  test("@jsquash/png reads it, too", async () => {
    const wasm = import.meta.resolve("@jsquash/png/codec/pkg/squoosh_png_bg.wasm");
    await init(readFileSync(fileURLToPath(wasm)));
    const pixels = draw(333, 201, 4);
    for (const effort of ["fast", "default", "max"] as const) {
      const { file } = await lab.encode("png", pixels, { effort });
      const { data } = await decodeJsquash(new Uint8Array(file).buffer);
      expect(Buffer.compare(new Uint8Array(data.buffer), pixels.data)).toBe(0);
    }
  });

  test("the file does not depend on how many rows a strip has", async () => {
    const { width, height, channels, data } = draw(500, 300, 3);
    const files = [];
    for (const stripRows of [1, 5, 16, 100]) {
      const query = { format: "png", width, height, channels, stripRows };
      files.push((await lab.post("/encode", query, data)).bytes);
    }
    expect(Buffer.compare(await readBack(files[0]!, 3), data)).toBe(0);
    for (const file of files) expect(Buffer.compare(file, files[0]!)).toBe(0);
  });

  test("files are not larger than sharp's default", async () => {
    for (const channels of [1, 3, 4] as const) {
      const pixels = draw(800, 600, channels);
      const { file } = await lab.encode("png", pixels);
      const theirs = await sharp(pixels.data, { raw: pixels }).png().toBuffer();
      expect(file.length).toBeLessThanOrEqual(theirs.length);
    }
  });

  test("dithered pictures of few colours are not larger than sharp's default either", async () => {
    const smooth = draw(400, 300, 3);
    const dithered = await sharp(smooth.data, { raw: smooth }).png({ palette: true }).toBuffer();
    const { data, info } = await sharp(dithered).raw().toBuffer({ resolveWithObject: true });
    expect(info.channels).toBe(3);
    const { file } = await lab.encode("png", { ...smooth, data });
    const theirs = await sharp(data, { raw: smooth }).png().toBuffer();
    expect(file.length).toBeLessThanOrEqual(theirs.length * 1.02);
  });

  test("with most effort files are smaller, and as small as sharp's smallest", async () => {
    for (const channels of [1, 3, 4] as const) {
      const pixels = draw(800, 600, channels);
      const { file: usual } = await lab.encode("png", pixels);
      const { file: smallest } = await lab.encode("png", pixels, { effort: "max" });
      const theirs = await sharp(pixels.data, { raw: pixels })
        .png({ compressionLevel: 9, adaptiveFiltering: true })
        .toBuffer();
      expect(smallest.length).toBeLessThan(usual.length);
      expect(smallest.length).toBeLessThan(theirs.length * 1.01);
    }
  });

  test("memory does not grow with the height", async () => {
    const low = await lab.encode("png", draw(2000, 100, 3), { effort: "fast" });
    const high = await lab.encode("png", draw(2000, 2000, 3), { effort: "fast" });
    expect(high.planned).toBe(low.planned);
    expect(high.planned).toBeLessThan(3_000_000);
  });
});

describe("metadata", () => {
  const exif = Buffer.from("49492a000800000001001201030001000000060000000000", "hex");
  const xmp = Buffer.from("<x:xmpmeta xmlns:x='adobe:ns:meta/'>é</x:xmpmeta>");

  test("what is written is read back, by us and by sharp", async () => {
    const icc = await p3Profile();
    const metadata = { icc: base64(icc), exif: base64(exif), xmp: base64(xmp) };
    const { file } = await lab.encode("png", draw(20, 10, 3), {}, metadata);
    const header = await lab.open(file);
    expect(header.metadata).toEqual(metadata);
    expect(header.orientation).toBe(6);
    const theirs = await sharp(file).metadata();
    expect(theirs.icc?.equals(icc)).toBe(true);
    expect(theirs.orientation).toBe(6);
    expect(theirs.xmp?.equals(xmp)).toBe(true);
  });

  test("XMP is read from where sharp keeps it, too", async () => {
    const canvas = sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } });
    const file = await canvas.withXmp(xmp.toString()).png().toBuffer();
    expect((await lab.open(file)).metadata.xmp).toBe(base64(xmp));
  });

  async function p3Profile(): Promise<Buffer> {
    const file = await sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } })
      .withIccProfile("p3")
      .png()
      .toBuffer();
    return (await sharp(file).metadata()).icc!;
  }

  test("a picture without a profile says that it is sRGB", async () => {
    const { file } = await lab.encode("png", draw(20, 10, 3));
    expect(Buffer.from(file).includes("sRGB")).toBe(true);
    expect((await lab.open(file)).metadata).toEqual({ icc: null, exif: null, xmp: null });
  });

  const gray = (more: Parameters<typeof writePng>[0] | object): Buffer =>
    writePng({
      width: 5,
      height: 4,
      colourType: 0,
      depth: 8,
      samples: new Uint8Array(20),
      ...more,
    });

  test("EXIF behind the pixels counts", async () => {
    expect((await lab.open(gray({ after: [["eXIf", exif]] }))).orientation).toBe(6);
  });

  test("EXIF as hexadecimal text, as older writers keep it, counts", async () => {
    const hex = `Exif\0\0${exif.toString("latin1")}`;
    const bytes = Buffer.from(hex, "latin1");
    const text = `\nexif\n${String(bytes.length).padStart(8)}\n${bytes.toString("hex")}\n`;
    const data = Buffer.concat([Buffer.from("Raw profile type exif\0\0"), deflateSync(text)]);
    const header = await lab.open(gray({ before: [["zTXt", data]] }));
    expect(header.orientation).toBe(6);
    expect(header.metadata.exif).toBe(base64(exif));
  });

  test("a profile or text that inflates beyond all bounds is dropped, not read", async () => {
    const bomb = deflateSync(Buffer.alloc(100_000_000));
    const icc = Buffer.concat([Buffer.from("x\0\0"), bomb]);
    const text = Buffer.concat([Buffer.from("XML:com.adobe.xmp\0\x01\0\0\0"), bomb]);
    const file = gray({
      before: [
        ["iCCP", icc],
        ["iTXt", text],
        ["zTXt", icc],
      ],
    });
    expect((await lab.open(file)).metadata).toEqual({ icc: null, exif: null, xmp: null });
    expect((await lab.decode(file)).data.length).toBe(20);
  });

  test("what says that it moves and has no frames is a still picture", async () => {
    const frames = Buffer.from([0, 0, 0, 20, 0, 0, 0, 0]);
    const header = await lab.open(gray({ before: [["acTL", frames]] }));
    expect(header).toMatchObject({ frames: 1, warnings: [] });
  });

  test("16 bits and a gamma that is not sRGB's are warned of", async () => {
    const gamma = Buffer.from([0, 1, 0x86, 0xa0]);
    const samples = new Uint16Array(20);
    const file = gray({ depth: 16, samples, before: [["gAMA", gamma]] });
    const codes = (await lab.open(file)).warnings.map(({ code }) => code);
    expect(codes).toEqual(["reduced_to_8_bit", "gamma_ignored"]);
    const usual = gray({ before: [["gAMA", Buffer.from([0, 0, 0xb1, 0x8f])]] });
    expect((await lab.open(usual)).warnings).toEqual([]);
  });
});

describe("memory of interlaced pictures", () => {
  test.each([0, 2, 3, 4, 6] as const)(
    "colour type %i stays within its plan, again and again",
    async (colourType) => {
      const [width, height] = [700, 500];
      const count = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colourType];
      for (const key of colourType === 2 ? [false, true] : [false]) {
        const samples = Uint8Array.from({ length: width * height * count }, (_, i) => (i * i) >> 7);
        const file = writePng({
          ...{ width, height, colourType, samples, depth: 8, interlaced: true },
          ...(colourType === 3 ? { palette: Array.from({ length: 768 }, (_, i) => i & 255) } : {}),
          ...(key ? { transparency: [0, 1, 0, 2, 0, 3] } : {}),
        });
        const held = [];
        for (let i = 0; i < 4; i++) {
          const { used, planned } = await lab.decode(file);
          expect(used).toBeLessThanOrEqual(planned);
          expect(planned).toBeLessThan(width * height * 10 + file.length + 3_000_000);
          held.push((await lab.memory()).held);
        }
        expect(held[3]).toBe(held[1]);
      }
    },
  );
});
