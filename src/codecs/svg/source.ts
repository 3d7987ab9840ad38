/** SVG as a picture: sanitised, then drawn at the size that is wanted, in bands where it is large. */
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Rect, Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Source, Strip } from "../../pipeline/picture.ts";
import type { FontLibrary } from "../../pipeline/fonts.ts";
import type { Open, OpenContext } from "../codec.ts";
import { ownSize, viewOf, type View } from "../drawing.ts";
import { FONT_BYTES, FONT_OPTIONS, FONTS, nameFonts } from "./fonts.ts";
import { findFonts, type OwnFonts } from "./own-fonts.ts";
import { measurePictures } from "./pictures.ts";
import { RESVG_BASE_BYTES, resvgOf, type DrawnPixels, type Resvg } from "./resvg.ts";
import { sanitise, writeAttributes, type CleanSvg } from "./sanitise.ts";
import { readSize } from "./size.ts";
import { straighten } from "./straighten.ts";

/** Longest file, in bytes. */
const MAX_BYTES = 8 * MIB;
const DPI = 96;
const STRIP_ROWS = 64;

/** Pixels of a layer; a drawing has as many layers as its effects lie in each other. */
const BAND_BYTES = 6 * MIB;
/** A band, a copy of it, and what is lost between them. */
const BAND_COPIES = 3.25;
/**
 * resvg fails where a layer lies wholly beyond two heights of a band from it, so drawings with
 * layers are drawn in three bands at most; each layer is then as large as the drawing.
 */
const LAYERED_BANDS = 3;
const LAYERS_BYTES = 56 * MIB;
/** A font in resvg's memory. */
const FONT_FACTOR = 1.25;
/** The drawing's text, twice in resvg's memory, and what a parser wants besides. */
const TEXT_FACTOR = 3;
const PARSER_BYTES = 2 * MIB;

/** @param library fonts beside those that are embedded; null where there are none */
export const svgOpener =
  (library: FontLibrary | null): Open =>
  (bytes, context) =>
    openSvg(bytes, context, library);

/**
 * @throws AppError invalid_image, truncated_image, unsupported_feature, too_many_pixels,
 *   memory_limit, storage_unavailable
 */
async function openSvg(
  bytes: ByteSource,
  context: OpenContext,
  library: FontLibrary | null,
): Promise<Source> {
  if (bytes.size > MAX_BYTES) {
    throw new AppError("memory_limit", `An SVG may have ${MAX_BYTES / MIB} MiB at most.`, {
      ...{ limit: "svg_bytes", limit_bytes: MAX_BYTES, needed_bytes: bytes.size },
    });
  }
  const clean = sanitise(decodeText(await bytes.read(0, bytes.size)));
  const { pictureBytes, damaged } = await measurePictures(clean.pictures, context);
  const svg = damaged.reduce((left, uri) => withoutPicture(left, uri), clean);
  const fonts = await findFonts(svg, library);
  const ratio = (context.dpi ?? DPI) / DPI;
  const natural = readSize(svg.attributes);
  const wanted = { width: natural.width * ratio, height: natural.height * ratio };
  const own = ownSize(wanted, false, context);
  const needed = (view: View): number =>
    RESVG_BASE_BYTES +
    PARSER_BYTES +
    svg.treeBytes +
    TEXT_FACTOR * bytes.size +
    2 * pictureBytes +
    (svg.hasText ? FONT_FACTOR * (FONT_BYTES + fonts.bytes) : 0) +
    drawingBytes(view, svg);
  return {
    format: "svg",
    ...own.size,
    ...{ channels: 4, icc: null, depth: 8, orientation: 1 },
    metadata: { icc: null, exif: null, xmp: null },
    frames: 1,
    pages: 1,
    warnings: fonts.warnings,
    scales: [1],
    isDrawing: true,
    drawable: (full) => drawable(full, svg),
    memory(plan) {
      const inResvg = needed(viewOf(plan, own.size));
      return Math.max(inResvg, resvgOf(inResvg).bytes) + fonts.bytes;
    },
    picture: (plan, workspace) => {
      const view = viewOf(plan, own.size);
      const { width, height } = view;
      return Promise.resolve({
        ...{ width, height, channels: 4, icc: null },
        strips: draw(svg, fonts, view, needed(view), workspace),
      });
    },
  };
}

/** By its byte order mark or its declaration, else UTF-8. */
function decodeText(bytes: Uint8Array): string {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
  const declared = /^<\?xml[^>]*\bencoding\s*=\s*["']([\w.-]+)["']/.exec(head)?.[1];
  const label = head.startsWith("\xff\xfe") ? "utf-16le" : head.startsWith("\xfe\xff") ? "utf-16be" : declared; // prettier-ignore
  try {
    return new TextDecoder(label).decode(bytes);
  } catch (cause) {
    throw new AppError("unsupported_feature", `The SVG is encoded as ${label}.`, {}, { cause });
  }
}

const withoutPicture = (svg: CleanSvg, uri: string): CleanSvg => ({
  ...svg,
  body: svg.body.replaceAll(uri, ""),
});

/** Of bands and layers. */
function drawingBytes({ full, width, height }: View, { layers }: CleanSvg): number {
  const rows = bandRows({ full, x: 0, y: 0, width, height }, layers);
  return Math.ceil((BAND_COPIES * rows * width + layers * full.width * full.height) * 4);
}

function bandRows({ width, height }: View, layers: number): number {
  const least = layers > 0 ? Math.ceil(height / LAYERED_BANDS) : 16;
  return Math.min(height, Math.max(least, Math.floor(BAND_BYTES / width / 4)));
}

/** The largest size up to `full` that there is room for. */
function drawable(full: Size, svg: CleanSvg): Size {
  const bytes = drawingBytes({ ...full, full, x: 0, y: 0 }, svg);
  if (svg.layers === 0 || bytes <= LAYERS_BYTES) return full;
  const ratio = Math.sqrt(LAYERS_BYTES / bytes);
  return {
    width: Math.max(1, Math.floor(full.width * ratio)),
    height: Math.max(1, Math.floor(full.height * ratio)),
  };
}

/** A drawing around the drawing, whose pixels are those that are wanted. */
function wrap(
  { attributes, body }: CleanSvg,
  fontNames: OwnFonts["names"],
  { full }: View,
): string {
  const size = readSize(attributes);
  const inner = new Map(attributes);
  inner.delete("x");
  inner.delete("y");
  inner.set("width", String(size.width));
  inner.set("height", String(size.height));
  const scale = `${full.width / size.width} ${full.height / size.height}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${full.width}" height="${full.height}"><g transform="scale(${scale})">${nameFonts(`<svg${writeAttributes(inner)}>${body}</svg>`, fontNames)}</g></svg>`;
}

async function* draw(
  svg: CleanSvg,
  fonts: OwnFonts,
  view: View,
  neededBytes: number,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { kind, bytes } = resvgOf(neededBytes);
  const resvg = await workspace.take(kind, bytes);
  const check = (): void => checkMemory(resvg, bytes);
  const files = svg.hasText ? [...FONTS, ...(await fonts.load(workspace))] : [];
  const drawing = parse(resvg, wrap(svg, fonts.names, view), files);
  check();
  const { x, y, width, height } = view;
  const rows = bandRows(view, svg.layers);
  for (let top = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    const region = { x, y: y + top, width, height: count };
    const pixels = drawBand(resvg, drawing, region);
    check();
    for (let row = 0; row < count; row += STRIP_ROWS) {
      const stripRows = Math.min(STRIP_ROWS, count - row);
      const data = pixels.bytes().subarray(row * width * 4, (row + stripRows) * width * 4);
      straighten(data);
      yield { y: top + row, rows: stripRows, data };
    }
    pixels.free();
  }
}

function parse(resvg: Resvg, text: string, fonts: readonly Uint8Array[]): number {
  try {
    return resvg.parse(text, { font: FONT_OPTIONS }, fonts);
  } catch (cause) {
    if (cause instanceof WebAssembly.RuntimeError) throw cause;
    throw new AppError("invalid_image", "The SVG is damaged.", {}, { cause });
  }
}

function drawBand(resvg: Resvg, drawing: number, region: Rect): DrawnPixels {
  try {
    return resvg.draw(drawing, region);
  } catch (cause) {
    throw new AppError(
      "unsupported_feature",
      "The SVG has effects that cannot be drawn, such as transparent parts far outside of it.",
      {},
      { cause },
    );
  }
}

/** resvg takes what it wants. @throws AppError memory_limit */
function checkMemory(resvg: Resvg, limitBytes: number): void {
  if (resvg.bytes <= limitBytes) return;
  throw new AppError(
    "memory_limit",
    `This drawing needs more than the ${Math.ceil(limitBytes / MIB)} MiB of memory planned for it.`,
    { limit: "memory_plan", limit_bytes: limitBytes, needed_bytes: resvg.bytes },
  );
}
