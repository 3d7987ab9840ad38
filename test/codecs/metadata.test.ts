/** What a file says beside its pixels survives from each format to each, or goes, as asked. */
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isReadable, isWritable } from "../../src/find-format.ts";
import type { WritableFormat } from "../../src/formats.ts";
import { type Lab, startLab } from "../support/lab-client.ts";
import { readAttribute, readMetadataByMagick } from "../support/magick.ts";

/** Those that store EXIF, XMP and profiles, and that are read and written. */
const FORMATS = (["jpg", "png", "webp", "tiff", "avif", "heic", "jxl"] as const).filter(
  (format) => isReadable(format) && isWritable(format),
);
const PAIRS = FORMATS.flatMap((input) => FORMATS.map((output) => [input, output] as const));

/** Lossy JPEG XL becomes sRGB. */
const keepColours = (output: WritableFormat) => ({ lossless: output === "jxl" });

/** As stored, the picture lies on its side. */
const STORED = { width: 96, height: 64 };
const TURNED = 6;
const XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>';

let lab: Lab;
let seed: Buffer;
let icc: Buffer | undefined;
/** Files whose orientation is EXIF's, as sharp writes them. In TIFF it writes no EXIF. */
const BY_OTHERS: Partial<Record<WritableFormat, (image: Sharp) => Sharp>> = {
  jpg: (image) => image.jpeg(),
  png: (image) => image.png(),
  webp: (image) => image.webp(),
};

/** The seed in each format, with all its metadata. */
const inputs = new Map<WritableFormat, Uint8Array>();

beforeAll(async () => {
  lab = await startLab();
  seed = await sharp({ create: { ...STORED, channels: 3, background: "#c84" } })
    .withMetadata({ orientation: TURNED })
    .withExifMerge({ IFD0: { Artist: "Grace" } })
    .withXmp(XMP)
    .withIccProfile("p3")
    .jpeg()
    .toBuffer();
  ({ icc } = await sharp(seed).metadata());
  for (const format of FORMATS) {
    const others = BY_OTHERS[format]?.(sharp(seed).keepMetadata());
    const ours = async () =>
      (await lab.convert(seed, { format, stripMetadata: false, ...keepColours(format) })).file;
    inputs.set(format, await (others?.toBuffer() ?? ours()));
  }
});
afterAll(() => lab?.close());

/** As sharp finds it, and what sharp does not read, EXIF in TIFF and JPEG XL, ImageMagick. */
async function readMetadata(file: Uint8Array, format: WritableFormat) {
  const read = format === "jxl" ? readMetadataByMagick(file) : sharp(file).metadata();
  const { width, height, orientation = 1, exif, xmp, icc: profile } = await read;
  const isOwn = exif?.includes("Grace") ?? false;
  return {
    ...{ width, height, orientation, icc: profile, xmp: xmp?.toString() },
    hasExif: format === "tiff" ? (await readAttribute(file, "tiff:artist")) === "Grace" : isOwn,
  };
}

const UPRIGHT = { width: STORED.height, height: STORED.width, orientation: 1 };

describe.each(PAIRS)("%s → %s", (input, output) => {
  const convert = async (stripMetadata: boolean) => {
    const file = inputs.get(input) ?? new Uint8Array(0);
    const made = await lab.convert(file, { format: output, stripMetadata, ...keepColours(output) });
    expect(made.warnings).toEqual([]);
    return await readMetadata(made.file, output);
  };

  test("carries profile, EXIF and XMP, and the orientation is applied once", async () => {
    const kept = await convert(false);
    expect(kept).toMatchObject({ ...UPRIGHT, hasExif: true });
    expect(kept.xmp).toContain('tiff:Orientation="1"');
    expect(kept.icc?.equals(icc as Buffer)).toBe(true);
  });

  test("strips EXIF and XMP, but not the profile, which gives the colours their meaning", async () => {
    const stripped = await convert(true);
    expect(stripped).toMatchObject({ ...UPRIGHT, hasExif: false });
    expect(stripped.xmp).toBeUndefined();
    expect(stripped.icc?.equals(icc as Buffer)).toBe(true);
  });
});
