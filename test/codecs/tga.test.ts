/** TGA both ways, judged by ImageMagick. */
import { CompressionMethod, MagickFormat, Orientation } from "@imagemagick/magick-wasm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codeOf, type Lab, startLab } from "../support/lab-client.ts";
import { writeByMagick } from "../support/magick.ts";
import { differFromMagick, drawPlain, PLAIN_SIZES } from "../support/plain-pictures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

test("what is written comes back as it was, within the plan", async () => {
  for (const channels of [1, 3, 4] as const) {
    for (const [width, height] of PLAIN_SIZES) {
      const pixels = drawPlain(width, height, channels);
      const { file, used, planned } = await lab.encode("tga", pixels);
      expect(used).toBeLessThanOrEqual(planned);
      expect(await differFromMagick(pixels, file, MagickFormat.Tga)).toBe(0);
      expect((await lab.decode(file)).data).toEqual(pixels.data);
    }
  }
});

test("what ImageMagick writes is read, with runs and without, from any corner", async () => {
  for (const channels of [1, 3, 4] as const) {
    for (const compression of [CompressionMethod.NoCompression, CompressionMethod.RLE]) {
      for (const orientation of [
        ...[Orientation.TopLeft, Orientation.BottomLeft],
        ...[Orientation.TopRight, Orientation.BottomRight],
      ]) {
        const pixels = drawPlain(131, 40, channels);
        const file = await writeByMagick(pixels, MagickFormat.Tga, (image) => {
          image.settings.compression = compression;
          image.orientation = orientation;
        });
        const got = await lab.decode(file);
        expect(got.channels).toBe(channels);
        expect(await differFromMagick(got, file, MagickFormat.Tga)).toBe(0);
        expect(got.used).toBeLessThanOrEqual(got.planned);
      }
    }
  }
});

interface Stored {
  type: number;
  bits: number;
  flags: number;
  /** Bits of an entry, and the entries. */
  map?: { bits: number; entries: number[] };
  data: number[];
}

/** A picture of 5 × 3 pixels. */
function writeStored({ type, bits, flags, map, data }: Stored): Buffer {
  const head = Buffer.alloc(18);
  head[1] = map ? 1 : 0;
  head[2] = type;
  head.writeUInt16LE(map ? map.entries.length / (map.bits >> 3) : 0, 5);
  head[7] = map?.bits ?? 0;
  head.writeUInt16LE(5, 12);
  head.writeUInt16LE(3, 14);
  head[16] = bits;
  head[17] = flags;
  return Buffer.concat([head, Buffer.from(map?.entries ?? []), Buffer.from(data)]);
}

test("palettes, and pixels of 16 bits", async () => {
  const entries = Array.from({ length: 4 * 3 }, (_, i) => (i * 61) % 256);
  const indices = Array.from({ length: 15 }, (_, i) => i % 4);
  const short = Array.from({ length: 30 }, (_, i) => (i * 97) % 256);
  for (const file of [
    writeStored({ type: 1, bits: 8, flags: 0x20, map: { bits: 24, entries }, data: indices }),
    writeStored({
      type: 2,
      bits: 16,
      flags: 0x00,
      data: short.map((v, i) => (i % 2 ? v & 127 : v)),
    }),
    writeStored({ type: 9, bits: 8, flags: 0, map: { bits: 24, entries }, data: [142, 2] }),
  ]) {
    const got = await lab.decode(file);
    expect(got.channels).toBe(3);
    expect(await differFromMagick(got, file, MagickFormat.Tga)).toBeLessThanOrEqual(1);
  }
});

test("cut off anywhere: truncated_image", async () => {
  const written = await lab.encode("tga", drawPlain(131, 40, 4));
  const pixelsEnd = written.file.length - 26;
  const plain = await writeByMagick(drawPlain(131, 40, 3), MagickFormat.Tga, (image) => {
    image.settings.compression = CompressionMethod.NoCompression;
  });
  for (const [file, end] of [
    [written.file, pixelsEnd],
    [plain, 18 + 131 * 40 * 3],
  ] as const) {
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.floor((end * tenth) / 10));
      expect(await codeOf(lab.decode(cut))).toBe("truncated_image");
    }
  }
});

test("a colour that is not in the palette: invalid_image", async () => {
  const map = { bits: 24, entries: [1, 2, 3] };
  const data = Array.from({ length: 15 }, () => 9);
  const file = writeStored({ type: 1, bits: 8, flags: 0x20, map, data });
  expect(await codeOf(lab.decode(file))).toBe("invalid_image");
});
