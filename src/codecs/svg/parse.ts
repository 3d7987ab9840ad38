/** A drawing in resvg's memory. */
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { FONT_BYTES, FONT_OPTIONS, FONTS, nameFonts } from "./fonts.ts";
import type { OwnFonts } from "./own-fonts.ts";
import { RESVG_BASE_BYTES, type Resvg } from "./resvg.ts";
import { writeAttributes, type CleanSvg } from "./sanitise.ts";

/** A font in resvg's memory. */
const FONT_FACTOR = 1.25;
/** The drawing's text, twice in resvg's memory, and what a parser wants besides. */
const TEXT_FACTOR = 3;
const PARSER_BYTES = 2 * MIB;

export interface Drawing {
  svg: CleanSvg;
  fonts: OwnFonts;
  /** Of the file, inflated, and of the pictures in it, decoded. */
  textBytes: number;
  pictureBytes: number;
}

/** What the drawing takes in resvg's memory before anything is drawn. */
export const parsedBytes = ({ svg, fonts, textBytes, pictureBytes }: Drawing): number =>
  RESVG_BASE_BYTES +
  PARSER_BYTES +
  svg.treeBytes +
  TEXT_FACTOR * textBytes +
  2 * pictureBytes +
  (svg.hasText ? FONT_FACTOR * (FONT_BYTES + fonts.bytes) : 0);

/** What any drawing may take: a second of a processor does 5 to 45 thousand million, mostly 15. */
export const LEAST_STEPS = 15e9;

export interface ParseLimits {
  workspace: Workspace;
  /** That resvg's memory may have. */
  limitBytes: number;
  /** For which it may work, until it is parsed anew (step-limit.ts). */
  steps: number;
}

/**
 * @param natural how large the drawing is by itself
 * @param full how large it is to be
 * @returns resvg's handle, good until the instance is wiped
 * @throws AppError invalid_image, memory_limit, too_complex
 */
export async function parse(
  resvg: Resvg,
  { svg, fonts }: Drawing,
  { natural, full }: { natural: Size; full: Size },
  { workspace, limitBytes, steps }: ParseLimits,
): Promise<number> {
  resvg.allow(steps);
  const text = wrap(svg, fonts.names, natural, full);
  const files = svg.hasText ? [...FONTS, ...(await fonts.load(workspace))] : [];
  const drawing = parseText(resvg, text, files);
  checkMemory(resvg, limitBytes);
  return drawing;
}

/** A drawing around the drawing, whose pixels are those that are wanted. */
function wrap(
  { attributes, body }: CleanSvg,
  fontNames: OwnFonts["names"],
  natural: Size,
  full: Size,
): string {
  const inner = new Map(attributes);
  inner.delete("x");
  inner.delete("y");
  inner.set("width", String(natural.width));
  inner.set("height", String(natural.height));
  // It fills the picture: to be clipped to that would cost it a layer.
  inner.set("overflow", "visible");
  inner.set("style", (inner.get("style") ?? "").replace(/\boverflow\s*:[^;]*;?/gi, ""));
  const scale = `${full.width / natural.width} ${full.height / natural.height}`;
  const named = nameFonts(`<svg${writeAttributes(inner)}>${body}</svg>`, fontNames);
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${full.width}" height="${full.height}"><g transform="scale(${scale})">${named}</g></svg>`;
}

function parseText(resvg: Resvg, text: string, fonts: readonly Uint8Array[]): number {
  try {
    return resvg.parse(text, { font: FONT_OPTIONS }, fonts);
  } catch (cause) {
    if (cause instanceof WebAssembly.RuntimeError || cause instanceof AppError) throw cause;
    throw new AppError("invalid_image", "The SVG is damaged.", {}, { cause });
  }
}

/** resvg takes what it wants. @throws AppError memory_limit */
export function checkMemory(resvg: Resvg, limitBytes: number): void {
  if (resvg.bytes <= limitBytes) return;
  throw new AppError(
    "memory_limit",
    `This drawing needs more than the ${Math.ceil(limitBytes / MIB)} MiB of memory planned for it.`,
    { limit: "memory_plan", limit_bytes: limitBytes, needed_bytes: resvg.bytes },
  );
}
