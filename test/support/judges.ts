/** Independent decoders: what a file of each format shows, as somebody else's program sees it. */
import decodeIco from "decode-ico";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";
import type { Size } from "../../src/pipeline/geometry.ts";
import { takeEpsApart } from "./eps-reader.ts";
import { toTiffByMagick } from "./magick.ts";
import { drawByPdfjs } from "./pdfjs.ts";

/** Upright, in sRGB. */
export interface Seen extends Size {
  /** RGBA, not premultiplied. */
  data: Uint8Array;
}

export interface JudgeOptions {
  /** How large a page is to be; without it, as it says. */
  size?: Size;
}

type Judge = (file: Uint8Array, options: JudgeOptions) => Promise<Seen>;

/** As sharp shows it, applying orientation and profile. */
async function seeBySharp(file: Uint8Array | Sharp): Promise<Seen> {
  const image = file instanceof Uint8Array ? sharp(file, { limitInputPixels: false }) : file;
  const { data, info } = await image
    .rotate()
    .toColourspace("srgb")
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { width, height, data: channels === 2 ? grayToRgba(data) : new Uint8Array(data) };
}

function grayToRgba(grayAlpha: Uint8Array): Uint8Array {
  const rgba = new Uint8Array(grayAlpha.length * 2);
  for (let from = 0, to = 0; from < grayAlpha.length; from += 2, to += 4) {
    rgba.fill(grayAlpha[from] as number, to, to + 3);
    rgba[to + 3] = grayAlpha[from + 1] as number;
  }
  return rgba;
}

/** @param format as sharp calls it: a file of another format is no answer */
const bySharp =
  (format: string): Judge =>
  async (file) => {
    const { format: found } = await sharp(file, { limitInputPixels: false }).metadata();
    if (found !== format) throw new Error(`This is ${found}, not ${format}.`);
    return await seeBySharp(file);
  };

/** The format's reader of ImageMagick; sharp then applies the profile. */
const byMagick =
  (format: string): Judge =>
  async (file) =>
    await seeBySharp(await toTiffByMagick(file, format));

/** The largest picture, and of those the one with most colours. */
const byDecodeIco: Judge = async (file) => {
  const [largest] = decodeIco(file).toSorted((a, b) => b.width - a.width || b.bpp - a.bpp);
  if (!largest) throw new Error("an icon without pictures");
  if (largest.type === "png") return await seeBySharp(largest.data);
  const { width, height, data } = largest;
  return { width, height, data: Uint8Array.from(data) };
};

/** sharp reads the first frame of no AVIF sequence. */
const byEither =
  (first: Judge, second: Judge): Judge =>
  async (file, options) =>
    await first(file, options).catch(() => second(file, options));

/** The fonts that our own drawings have, under the names that they stand in for, for librsvg. */
function installFonts(): void {
  const folders = ["arimo", "cousine", "tinos"].map((name) =>
    dirname(createRequire(import.meta.url).resolve(`@expo-google-fonts/${name}/package.json`)),
  );
  const standIns = [
    ["sans-serif", "Arimo"],
    ["monospace", "Cousine"],
    ["serif", "Tinos"],
  ].map(([name, family]) => `<alias binding="same"><family>${name}</family><prefer><family>${family}</family></prefer></alias>`); // prettier-ignore
  const cache = mkdtempSync(join(tmpdir(), "fonts-"));
  const file = join(cache, "fonts.conf");
  const dirs = folders.map((folder) => `<dir>${folder}</dir>`);
  writeFileSync(
    file,
    `<?xml version="1.0"?><fontconfig>${dirs.join("")}<cachedir>${cache}</cachedir>${standIns.join("")}</fontconfig>`,
  );
  process.env["FONTCONFIG_FILE"] = file;
}
installFonts();

const byLibrsvg: Judge = async (file) => await seeBySharp(file);

const byPdfjs: Judge = async (file, options) => await drawByPdfjs(file, options);

const byEpsReader: Judge = async (file) => await seeBySharp(takeEpsApart(file).data);

/** By the format's name, as the table of formats or the corpus's manifest has it. */
const JUDGES: Readonly<Record<string, Judge>> = {
  jpg: bySharp("jpeg"),
  jpeg: bySharp("jpeg"),
  png: bySharp("png"),
  apng: bySharp("png"),
  webp: bySharp("webp"),
  gif: bySharp("gif"),
  tiff: bySharp("tiff"),
  avif: byEither(bySharp("heif"), byMagick("avif")),
  svg: byLibrsvg,
  ico: byDecodeIco,
  eps: byEpsReader,
  pdf: byPdfjs,
  ai: byPdfjs,
};

/**
 * @param format ImageMagick reads those that have no judge of their own
 * @throws what the judge throws at a file that it cannot read
 */
export async function judge(
  format: string,
  file: Uint8Array,
  options: JudgeOptions = {},
): Promise<Seen> {
  return await (JUDGES[format] ?? byMagick(format))(file, options);
}

/** The picture at another size; itself where it has that size. */
export async function resizeSeen(seen: Seen, { width, height }: Size): Promise<Seen> {
  if (seen.width === width && seen.height === height) return seen;
  const raw = { width: seen.width, height: seen.height, channels: 4 as const };
  const resized = sharp(seen.data, { raw, limitInputPixels: false });
  const data = await resized.resize(width, height, { fit: "fill" }).raw().toBuffer();
  return { width, height, data: new Uint8Array(data) };
}
