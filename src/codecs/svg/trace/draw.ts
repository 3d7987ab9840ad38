/** How far a drawing is from the picture that it was made of, as resvg draws it. */
import { FONT_OPTIONS } from "../fonts.ts";
import { RESVG_BASE_BYTES, resvgOf } from "../resvg.ts";
import { COSTS } from "../weight.ts";
import { MIB } from "../../../limits.ts";
import type { Size } from "../../../pipeline/geometry.ts";
import type { Workspace } from "../../../pipeline/memory.ts";
import type { Bitmap } from "./regions.ts";

/** Characters of a path for each of its numbers, and of the shortest path, at least. */
const NUMBER_CHARACTERS = 3;
const PATH_CHARACTERS = 40;
/** Of the text, in resvg and on its way there. */
const TEXT_COPIES = 4;
/** Of the pixels, what resvg holds besides. */
const PIXEL_COPIES = 3.25;
const PARSER_BYTES = 2 * MIB;

function neededBytes({ width, height }: Size, characters: number): number {
  const path = COSTS.element / PATH_CHARACTERS + COSTS.number / NUMBER_CHARACTERS + TEXT_COPIES;
  const pixels = PIXEL_COPIES * 4 * width * height;
  return RESVG_BASE_BYTES + PARSER_BYTES + Math.ceil(characters * path + pixels);
}

export const drawingBytes = (size: Size, characters: number): number =>
  resvgOf(neededBytes(size, characters)).bytes;

/**
 * @param paths opaque, of the bitmap's size; so many characters at most
 * @returns the sum of squared differences of values, each as much as its pixel is seen
 */
export async function measureError(
  paths: string,
  bitmap: Bitmap,
  characters: number,
  workspace: Workspace,
): Promise<number> {
  const { width, height } = bitmap;
  const { kind, bytes } = resvgOf(neededBytes(bitmap, characters));
  const resvg = await workspace.take(kind, bytes);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${paths}</svg>`;
  const drawn = resvg.draw(resvg.parse(svg, { font: FONT_OPTIONS }, []), {
    x: 0,
    y: 0,
    width,
    height,
  });
  const error = compare(drawn.bytes(), bitmap);
  drawn.free();
  return error;
}

function compare(rgba: Uint8Array, { values, channels, weights }: Bitmap): number {
  let sum = 0;
  for (let p = 0; p * 4 < rgba.length; p++) {
    let error = 0;
    for (let c = 0; c < channels; c++) {
      error += ((rgba[p * 4 + c] as number) - (values[p * channels + c] as number)) ** 2;
    }
    sum += (error * (weights?.[p] ?? 255)) / 255;
  }
  return sum;
}
