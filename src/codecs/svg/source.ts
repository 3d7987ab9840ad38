/** SVG as a picture: sanitised, then drawn at the size that is wanted, in bands where it is large. */
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { FontLibrary } from "../../pipeline/fonts.ts";
import type { Rect, Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Source, Strip } from "../../pipeline/picture.ts";
import type { Open, OpenContext } from "../codec.ts";
import { drawingSteps, ownSize, viewOf, type View } from "../drawing.ts";
import { measureExtents } from "./extents.ts";
import { findFonts } from "./own-fonts.ts";
import { checkMemory, LEAST_STEPS, parse, parsedBytes, type Drawing } from "./parse.ts";
import { measurePictures } from "./pictures.ts";
import { resvgOf, type DrawnPixels, type Resvg } from "./resvg.ts";
import { rewrite } from "./rewrite.ts";
import { sanitise, type CleanSvg } from "./sanitise.ts";
import { hasSize, readSize } from "./size.ts";
import { straighten } from "./straighten.ts";
import { readText } from "./text.ts";

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

/** @param library fonts beside those that are embedded; null where there are none */
export const svgOpener =
  (library: FontLibrary | null): Open =>
  (bytes, context) =>
    openSvg(bytes, context, library);

/**
 * @throws AppError invalid_image, truncated_image, unsupported_feature, too_many_pixels,
 *   memory_limit, too_complex, storage_unavailable
 */
async function openSvg(
  bytes: ByteSource,
  context: OpenContext,
  library: FontLibrary | null,
): Promise<Source> {
  const { text, textBytes } = await readText(bytes);
  const clean = sanitise(text);
  const { pictureBytes, damaged } = await measurePictures(clean.pictures, context);
  const svg = { ...clean, body: withoutPictures(clean.body, damaged) };
  const fonts = await findFonts(svg, library);
  const drawing: Drawing = { svg, fonts, textBytes, pictureBytes };
  const ratio = (context.dpi ?? DPI) / DPI;
  const said = readSize(svg.attributes);
  const found = hasSize(svg.attributes) ? null : await measureExtents(drawing, said, context.gate);
  const natural = found ?? said;
  const wanted = { width: natural.width * ratio, height: natural.height * ratio };
  const own = ownSize(wanted, found !== null, context);
  const needed = (view: View): number => parsedBytes(drawing) + drawingBytes(view, svg);
  return {
    format: "svg",
    ...own.size,
    ...{ channels: 4, icc: null, depth: 8, orientation: 1 },
    metadata: { icc: null, exif: null, xmp: null },
    frames: 1,
    pages: 1,
    warnings: [...fonts.warnings, ...own.warnings],
    scales: [1],
    isDrawing: true,
    drawable: (full) => drawable(full, svg),
    rewritten: (size) => rewrite(svg, natural, size),
    memory(plan) {
      const inResvg = needed(viewOf(plan, own.size));
      return Math.max(inResvg, resvgOf(inResvg).bytes) + fonts.bytes;
    },
    picture: (plan, workspace) => {
      const view = viewOf(plan, own.size);
      const { width, height } = view;
      return Promise.resolve({
        ...{ width, height, channels: 4, icc: null },
        strips: draw(drawing, natural, view, {
          neededBytes: needed(view),
          steps: drawingSteps(LEAST_STEPS, view.full, own.size),
          workspace,
        }),
      });
    },
  };
}

function withoutPictures(body: string, uris: readonly string[]): string {
  const left = new Set(uris);
  return left.size === 0 ? body : body.replace(/data:[^"]*/g, (uri) => (left.has(uri) ? "" : uri));
}

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

async function* draw(
  drawing: Drawing,
  natural: Size,
  view: View,
  { neededBytes, steps, workspace }: { neededBytes: number; steps: number; workspace: Workspace },
): AsyncGenerator<Strip, void, undefined> {
  const { kind, bytes } = resvgOf(neededBytes);
  const resvg = await workspace.take(kind, bytes);
  const sizes = { natural, full: view.full };
  const handle = await parse(resvg, drawing, sizes, { workspace, limitBytes: bytes, steps });
  const { x, y, width, height } = view;
  const rows = bandRows(view, drawing.svg.layers);
  for (let top = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    // The last one, too, is as high as the others: layers may lie two heights away.
    const region = { x, y: y + top, width, height: rows };
    const pixels = drawBand(resvg, handle, region);
    checkMemory(resvg, bytes);
    for (let row = 0; row < count; row += STRIP_ROWS) {
      const stripRows = Math.min(STRIP_ROWS, count - row);
      const data = pixels.bytes().subarray(row * width * 4, (row + stripRows) * width * 4);
      straighten(data);
      yield { y: top + row, rows: stripRows, data };
    }
    pixels.free();
  }
}

function drawBand(resvg: Resvg, drawing: number, region: Rect): DrawnPixels {
  try {
    return resvg.draw(drawing, region);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      "unsupported_feature",
      "The SVG has effects that cannot be drawn, such as transparent parts far outside of it.",
      {},
      { cause },
    );
  }
}
