/** An independent reader of PDFs: PDF.js on Skia. */
import { createCanvas } from "@napi-rs/canvas";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

const root = dirname(createRequire(import.meta.url).resolve("pdfjs-dist/package.json"));

export interface DrawnPage {
  width: number;
  height: number;
  /** RGBA, on white. */
  data: Uint8Array;
}

async function load(file: Uint8Array, password?: string) {
  return await getDocument({
    data: new Uint8Array(file),
    ...(password !== undefined && { password }),
    standardFontDataUrl: `${join(root, "standard_fonts")}/`,
    wasmUrl: `${join(root, "wasm")}/`,
    verbosity: 0,
  }).promise;
}

interface Drawing {
  /** From 1. */
  page?: number;
  dpi?: number;
  /** In pixels, instead of `dpi`; the page keeps its ratio. */
  size?: { width: number };
  password?: string;
}

export async function drawByPdfjs(
  file: Uint8Array,
  { page = 1, dpi = 150, size, password }: Drawing = {},
): Promise<DrawnPage> {
  const document = await load(file, password);
  const drawn = await document.getPage(page);
  const points = drawn.getViewport({ scale: 1 });
  const viewport = drawn.getViewport({ scale: size ? size.width / points.width : dpi / 72 });
  const [width, height] = [Math.round(viewport.width), Math.round(viewport.height)];
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  await drawn.render({
    canvas: canvas as never,
    canvasContext: context as never,
    viewport,
  }).promise;
  const { data } = context.getImageData(0, 0, width, height);
  await document.destroy();
  return { width, height, data: new Uint8Array(data) };
}

/** The sizes of all pages, in points. */
export async function readByPdfjs(
  file: Uint8Array,
): Promise<{ pages: { width: number; height: number }[] }> {
  const document = await load(file);
  const pages = await Promise.all(
    Array.from({ length: document.numPages }, async (_, index) => {
      const { width, height } = (await document.getPage(index + 1)).getViewport({ scale: 1 });
      return { width, height };
    }),
  );
  await document.destroy();
  return { pages };
}
