/** The benchmarks' inputs: the corpus photo where there is a corpus, else one drawn here. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";

const CORPUS = process.env["CORPUS_DIR"] ?? "../shared/corpus";

/** A 4032 × 3024 photograph as JPEG, and where it comes from. */
export async function loadPhoto(): Promise<{ jpeg: Buffer; from: string }> {
  const file = join(CORPUS, "jpeg/photo-12mp-4032x3024-icc-srgb.jpg");
  if (existsSync(file)) return { jpeg: readFileSync(file), from: "corpus photo" };
  return { jpeg: await drawPhoto(4032, 3024), from: "drawn picture (no corpus)" };
}

/** Smooth areas, edges and grain in about a photograph's proportions. */
async function drawPhoto(width: number, height: number): Promise<Buffer> {
  const scene = `<svg width="${width}" height="${height}">
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#7aa7d8"/><stop offset="1" stop-color="#e8d9c0"/></linearGradient>
    <rect width="100%" height="100%" fill="url(#sky)"/>
    ${Array.from({ length: 400 }, (_, i) => {
      const x = (i * 7919) % width;
      const y = height / 3 + ((i * 104_729) % ((height * 2) / 3));
      return `<ellipse cx="${x}" cy="${y}" rx="${40 + (i % 90)}" ry="${20 + (i % 50)}" fill="hsl(${(i * 37) % 360} 40% ${30 + (i % 40)}%)"/>`;
    }).join("")}</svg>`;
  const grain = await sharp({
    create: {
      width,
      height,
      channels: 3,
      background: "#808080",
      noise: { type: "gaussian", mean: 128, sigma: 12 },
    },
  })
    .png({ compressionLevel: 0 })
    .toBuffer();
  return await sharp(Buffer.from(scene))
    .composite([{ input: grain, blend: "soft-light" }])
    .removeAlpha()
    .jpeg({ quality: 90 })
    .toBuffer();
}

const LARGE = { width: 9240, height: 6928 };

/** 64 megapixels: the photo, mirrored as often as it takes, so that it is as detailed all over. */
export async function enlargePhoto(jpeg: Buffer): Promise<Buffer> {
  const { width, height } = await sharp(jpeg).metadata();
  return await sharp(jpeg)
    .keepIccProfile()
    .extend({ right: LARGE.width - width, bottom: LARGE.height - height, extendWith: "mirror" })
    .jpeg({ quality: 88 })
    .toBuffer();
}
