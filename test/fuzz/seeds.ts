/** Small sound files of each format that we decode, of as many of its kinds as can be made here. */
import {
  ColorSpace,
  ColorType,
  CompressionMethod,
  MagickFormat,
  type IMagickImage,
} from "@imagemagick/magick-wasm";
import sharp, { type Sharp } from "sharp";
import type { FormatName, ReadableFormat } from "../../src/formats.ts";
import { packRunLengths, writeBmp } from "../support/bmp-writer.ts";
import { encodeByElheif } from "../support/elheif.ts";
import { writeDosEps } from "../support/eps-writer.ts";
import { writeDng } from "../support/dng-writer.ts";
import { writeGif } from "../support/gif-writer.ts";
import { writeTiled } from "../support/jp2-writer.ts";
import { writeByMagick } from "../support/magick.ts";
import { wrapJpeg } from "../support/raw-writer.ts";
import { writePdf } from "../support/pdf-writer.ts";
import { writeIco } from "../support/ico-writer.ts";
import { drawPhoto } from "../codecs/jpeg-fixtures.ts";
import { writeRandomJpeg } from "../codecs/jpeg-writer.ts";
import { drawFew, startLibwebp, withAlpha } from "../codecs/webp-fixtures.ts";

const [WIDTH, HEIGHT] = [61, 43];

function draw(channels: 1 | 3 | 4): Sharp {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * channels }, (_, i) => {
    const [x, y] = [Math.floor(i / channels) % WIDTH, Math.floor(i / channels / WIDTH)];
    return 128 + 90 * Math.sin((x * (1 + (i % channels))) / 9 + y / 5) + ((i * 7919) % 23);
  });
  const drawn = sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } });
  return channels === 1 ? drawn.toColourspace("b-w") : drawn;
}

const indices = (colours: number): number[] =>
  Array.from(
    { length: WIDTH * HEIGHT },
    (_, i) => ((i >> 3) * 5 + (i % 7 === 0 ? 1 : 0)) % colours,
  );

const sensorValues = (samples: number): Uint16Array =>
  Uint16Array.from({ length: WIDTH * HEIGHT * samples }, (_, i) => 200 + ((i * 7919) % 3000));

const gray = (colours: number): [number, number, number][] =>
  Array.from({ length: colours }, (_, i) => [i, 255 - i, (i * 3) & 255]);

async function writeRaw(
  channels: 1 | 3 | 4,
  format: MagickFormat,
  adjust?: (image: IMagickImage) => void,
): Promise<Buffer> {
  const data = await draw(channels).raw().toBuffer();
  return await writeByMagick({ width: WIDTH, height: HEIGHT, channels, data }, format, adjust);
}

const SIZE = { width: WIDTH, height: HEIGHT };

/** What sharp's settings do not reach: partitions, the simple filter, palettes, raw alpha. */
function encodeWebps(): Promise<Buffer>[] {
  const encoder = startLibwebp();
  const photo = drawPhoto(WIDTH, HEIGHT);
  const few = drawFew(WIDTH, HEIGHT);
  return [
    encoder.then((encode) => encode(drawPhoto(40, 143), { quality: 60, partitions: 3 })),
    encoder.then((encode) => encode(photo, { quality: 20, filter_type: 0, filter_sharpness: 3 })),
    encoder.then((encode) => encode(photo, { quality: 98, partitions: 1, method: 1 })),
    encoder.then((encode) => encode(few, { lossless: 1, method: 6 })),
    encoder.then((encode) => encode(withAlpha(photo), { alpha_compression: 0 })),
  ].map(async (file) => Buffer.from(await file));
}

/** Three frames. */
function drawMoving() {
  const { width, height } = SIZE;
  const pixels = Uint8Array.from({ length: 3 * width * height * 4 }, (_, i) =>
    i % 4 === 3 ? 255 * ((i >> 9) & 1) : (i * 7 + (i >> 11)) & 255,
  );
  return sharp(pixels, { raw: { width, height: 3 * height, channels: 4, pageHeight: height } });
}

/** By `ai` go only files that are refused: those that can be read are PDFs. */
type DecodedFormat = Exclude<ReadableFormat, "ai">;

const MAKERS: Record<DecodedFormat, () => Promise<Buffer>[]> = {
  jpg: () => [
    draw(3).jpeg({ quality: 85 }).toBuffer(),
    draw(3)
      .jpeg({ progressive: true })
      .withExif({ IFD0: { Artist: "x" } })
      .toBuffer(),
    draw(3).jpeg({ progressive: true, chromaSubsampling: "4:4:4" }).toBuffer(),
    draw(1).jpeg().toBuffer(),
    draw(3).toColourspace("cmyk").jpeg().toBuffer(),
    ...[0, 2].map((interval) => {
      const factors = [[2, 1], [1, 1], [1, 1]] as const; // prettier-ignore
      return Promise.resolve(Buffer.from(writeRandomJpeg({ ...SIZE, factors, interval })));
    }),
    Promise.resolve(
      Buffer.from(
        writeRandomJpeg({
          ...{ ...SIZE, interval: 3, scans: [[0], [1, 2]] },
          factors: [[2, 2], [1, 1], [1, 1]], // prettier-ignore
        }),
      ),
    ),
  ],
  png: () => [
    ...([1, 3, 4] as const).map((channels) => draw(channels).png().toBuffer()),
    draw(3).toColourspace("rgb16").png().toBuffer(),
    draw(4).png({ palette: true, colours: 16 }).toBuffer(),
    draw(3).png({ progressive: true }).toBuffer(),
    draw(4).png({ progressive: true, adaptiveFiltering: true }).keepIccProfile().toBuffer(),
    draw(3).png({ adaptiveFiltering: true }).withIccProfile("p3").toBuffer(),
  ],
  webp: () => [
    draw(3).webp({ quality: 80 }).toBuffer(),
    draw(4).webp({ quality: 40 }).toBuffer(),
    draw(4).webp({ quality: 40, alphaQuality: 30 }).withIccProfile("p3").toBuffer(),
    draw(3).webp({ quality: 5, effort: 6, smartSubsample: true }).toBuffer(),
    draw(4).webp({ lossless: true }).toBuffer(),
    draw(3).webp({ lossless: true }).toBuffer(),
    ...encodeWebps(),
    drawMoving().webp({ quality: 60, delay: 50 }).toBuffer(),
    drawMoving().webp({ lossless: true, delay: 50 }).toBuffer(),
  ],
  gif: () => [
    draw(3).gif().toBuffer(),
    draw(4).gif({ colours: 8 }).toBuffer(),
    ...[false, true].map((interlaced) => {
      const frames = [{ ...SIZE, indices: indices(16), interlaced, transparentIndex: 3 }];
      return Promise.resolve(writeGif({ ...SIZE, palette: gray(16), codeBits: 4, frames }));
    }),
    drawMoving().gif({ delay: 50 }).toBuffer(),
  ],
  bmp: () => {
    const info = { ...SIZE, header: "info" } as const;
    const runs = (bits: 4 | 8) => packRunLengths({ ...SIZE, bits }, indices(16));
    return [
      writeBmp({ ...info, bits: 24, pixels: indices(1 << 24) }),
      writeBmp({ ...SIZE, header: "v5", bits: 32, pixels: indices(1 << 24) }),
      writeBmp({ ...info, bits: 16, pixels: indices(1 << 15), topDown: true }),
      writeBmp({ ...info, bits: 8, palette: gray(16), pixels: indices(16) }),
      writeBmp({ ...SIZE, header: "core", bits: 1, palette: gray(2), pixels: indices(2) }),
      writeBmp({ ...info, bits: 8, compression: 1, palette: gray(16), pixels: [], data: runs(8) }),
      writeBmp({ ...info, bits: 4, compression: 2, palette: gray(16), pixels: [], data: runs(4) }),
    ].map((file) => Promise.resolve(file));
  },
  heic: () => [
    draw(4)
      .raw()
      .toBuffer()
      .then((rgba) => encodeByElheif(rgba, SIZE.width, SIZE.height)),
  ],
  jp2: () => [
    ...([1, 3, 4] as const).map((channels) => writeRaw(channels, MagickFormat.Jp2)),
    writeRaw(3, MagickFormat.J2k, (image) => (image.quality = 100)),
    writeTiled({ ...SIZE, data: Uint8Array.from(indices(256)) }, 128, 1),
  ],
  avif: () => [
    draw(3).avif({ effort: 0 }).toBuffer(),
    draw(3).avif({ effort: 0, chromaSubsampling: "4:2:0" }).withIccProfile("p3").toBuffer(),
    draw(4).avif({ effort: 0, chromaSubsampling: "4:2:0" }).toBuffer(),
    draw(3).avif({ effort: 0, lossless: true }).toBuffer(),
  ],
  tiff: () => [
    ...(["none", "lzw", "deflate", "packbits"] as const).flatMap((compression) => [
      draw(3).tiff({ compression }).toBuffer(),
      draw(4).tiff({ compression, tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
    ]),
    draw(1).tiff({ compression: "lzw", predictor: "horizontal" }).toBuffer(),
    draw(1).tiff({ compression: "none", bitdepth: 1 }).toBuffer(),
    draw(1).tiff({ compression: "ccittfax4", bitdepth: 1 }).toBuffer(),
    draw(3).tiff({ compression: "jpeg", tile: true, tileWidth: 32, tileHeight: 32 }).toBuffer(),
    draw(1).tiff({ compression: "jpeg", bigtiff: true }).toBuffer(),
    draw(3).toColourspace("cmyk").tiff({ compression: "deflate" }).toBuffer(),
    draw(3)
      .toColourspace("rgb16")
      .tiff({ compression: "deflate", predictor: "horizontal" })
      .toBuffer(),
  ],
  ico: () => [
    draw(4)
      .resize(32, 32)
      .png()
      .toBuffer()
      .then((png) => writeIco([png])),
    ...([1, 4, 8, 24] as const).map((bits) => {
      const side = { width: 16, height: 16 };
      const colours = bits < 24 ? 1 << bits : 256;
      const samples = indices(colours).slice(0, 256 * (bits < 24 ? 1 : 3));
      const palette = bits < 24 ? gray(colours).flatMap((colour) => [...colour, 0]) : [];
      const mask = indices(2).slice(0, 256);
      return Promise.resolve(writeIco([{ ...side, bits, samples, palette, mask }]));
    }),
  ],
  svg: () => [
    Promise.resolve(
      Buffer.from(
        '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><style>.a{fill:red}</style><g opacity=".5"><rect class="a" width="30" height="20"/></g></svg>',
      ),
    ),
  ],
  raw: () => [
    draw(3)
      .jpeg()
      .toBuffer()
      .then((jpeg) => wrapJpeg(jpeg)),
    ...[
      writeDng({ ...SIZE, pattern: "RGGB", bits: 12, values: sensorValues(1) }),
      writeDng({
        ...{ ...SIZE, pattern: "GBRG", bits: 14, values: sensorValues(1) },
        compression: { predictor: 6, components: 2, restartRows: 8 },
        tile: { width: 32, height: 32 },
      }),
      writeDng({
        ...{ ...SIZE, pattern: null, bits: 16, values: sensorValues(3) },
        compression: { predictor: 1, components: 3 },
      }),
    ].map((file) => Promise.resolve(file)),
  ],
  psd: () => [
    ...([1, 3, 4] as const).map((channels) => writeRaw(channels, MagickFormat.Psd)),
    writeRaw(3, MagickFormat.Psd, (image) => (image.colorSpace = ColorSpace.CMYK)),
    writeRaw(3, MagickFormat.Psb, (image) => (image.depth = 16)),
    writeRaw(1, MagickFormat.Psd, (image) => (image.colorType = ColorType.Bilevel)),
  ],
  jxl: () => [
    ...([1, 3, 4] as const).flatMap((channels) =>
      [60, 100].map((quality) =>
        writeRaw(channels, MagickFormat.Jxl, (image) => (image.quality = quality)),
      ),
    ),
    writeRaw(3, MagickFormat.Jxl, (image) => {
      image.quality = 100;
      image.depth = 16;
    }),
    // With prefix codes, of which damage makes other pictures; all else ends in a known state.
    ...([1, 3, 4] as const).map((channels) =>
      writeRaw(channels, MagickFormat.Jxl, (image) => {
        image.quality = 100;
        image.settings.setDefine(MagickFormat.Jxl, "effort", "1");
      }),
    ),
  ],
  qoi: () => ([3, 4] as const).map((channels) => writeRaw(channels, MagickFormat.Qoi)),
  exr: () =>
    (["NoCompression", "RLE", "ZipS", "Zip", "Piz", "Pxr24", "B44A"] as const).map((name) =>
      writeRaw(4, MagickFormat.Exr, (image) => {
        image.settings.compression = CompressionMethod[name];
      }),
    ),
  hdr: () => [writeRaw(3, MagickFormat.Hdr)],
  tga: () => [
    ...([1, 3, 4] as const).map((channels) => writeRaw(channels, MagickFormat.Tga)),
    ...([1, 3, 4] as const).map((channels) =>
      writeRaw(channels, MagickFormat.Tga, (image) => {
        image.settings.compression = CompressionMethod.RLE;
      }),
    ),
  ],
  eps: () =>
    (["none", "lzw"] as const).map(async (compression) =>
      writeDosEps(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        await draw(3).tiff({ compression }).toBuffer(),
      ),
    ),
  pdf: () => [
    Promise.resolve(
      writePdf({ pages: [{ box: [0, 0, 60, 40], content: "1 0 0 rg 5 5 30 20 re f" }] }),
    ),
  ],
};

export const seededFormats = (): DecodedFormat[] => Object.keys(MAKERS) as DecodedFormat[];

export const isSeeded = (format: FormatName): format is DecodedFormat => format in MAKERS;

export async function makeSeeds(format: DecodedFormat): Promise<Buffer[]> {
  return await Promise.all(MAKERS[format]());
}
