/** Pages of a PDF as pictures, at the size that is wanted. */
import { AppError } from "../../errors.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import { MIB } from "../../limits.ts";
import type { Source, Warning } from "../../pipeline/picture.ts";
import type { OpenContext } from "../codec.ts";
import { drawingSteps, ownSize, viewOf, type View } from "../drawing.ts";
import { loadDocument, readPageSizes, type PageSize } from "./document.ts";
import { PDFIUM, PDFIUM_BASE_BYTES } from "./pdfium.ts";
import { bandBytes, drawPage, type PageLook } from "./render.ts";

/** Enough to read a scan, and what a screen shows at full width. */
const DEFAULT_DPI = 150;
const POINTS_PER_INCH = 72;

/** Pages of one file that can be asked for. */
const MAX_PAGES = 5000;

/** What PDFium may take beside the file and the pixels: fonts and images, decoded. */
const ROOM_BYTES = 40 * MIB;
const LEAST_ROOM_BYTES = 12 * MIB;
/** All of it, where the file is not too large: what else a conversion needs finds place beside it. */
const WHOLE_BYTES = 76 * MIB;

/** What opening takes beside the file. */
const OPENING_BYTES = 4 * MIB;

/** Opening a file, and drawing a page: a second of a processor does 20 to 70 thousand million. */
const STEPS = 50e9;

/** @throws AppError password_required, wrong_password, invalid_image, truncated_image, memory_limit, too_complex */
export async function openPdf(bytes: ByteSource, context: OpenContext): Promise<Source> {
  const pages = await readSizes(bytes, context);
  if (pages.length === 0) throw new AppError("invalid_image", "The PDF has no pages.");
  return describePage(bytes, context, pages, 0);
}

async function readSizes(
  bytes: ByteSource,
  { gate, password }: OpenContext,
): Promise<readonly PageSize[]> {
  const memoryBytes = PDFIUM_BASE_BYTES + bytes.size + OPENING_BYTES;
  const workspace = await gate.admit(memoryBytes);
  let outcome: "succeeded" | "failed" = "failed";
  try {
    const pdfium = await workspace.take(PDFIUM, memoryBytes);
    pdfium.begin(memoryBytes, STEPS);
    const document = await loadDocument(pdfium, bytes, password);
    const sizes = readPageSizes(pdfium, document, MAX_PAGES);
    outcome = "succeeded";
    return sizes;
  } finally {
    workspace.close(outcome);
  }
}

function describePage(
  bytes: ByteSource,
  context: OpenContext,
  pages: readonly PageSize[],
  index: number,
): Source {
  const { dpi, transparent, password } = context;
  const { width, height } = pages[index] ?? { width: 0, height: 0 };
  const ratio = (dpi ?? DEFAULT_DPI) / POINTS_PER_INCH;
  const own = ownSize({ width: width * ratio, height: height * ratio }, dpi === null, context);
  const channels = transparent ? 4 : 3;
  const warnings: Warning[] = [...own.warnings];
  const look = (view: View): PageLook => ({ channels, view });
  const limitBytes = (view: View) =>
    PDFIUM_BASE_BYTES + bytes.size + bandBytes(look(view)) + roomBytes(bytes.size);
  return {
    format: "pdf",
    ...own.size,
    ...{ channels, icc: null, depth: 8, orientation: 1 },
    metadata: { icc: null, exif: null, xmp: null },
    frames: 1,
    pages: pages.length,
    warnings,
    scales: [1],
    isDrawing: true,
    memory: (plan) => limitBytes(viewOf(plan, own.size)),
    page: (other) => Promise.resolve(describePage(bytes, context, pages, other)),
    async picture(plan, workspace) {
      const view = viewOf(plan, own.size);
      const pdfium = await workspace.take(PDFIUM, limitBytes(view));
      pdfium.begin(limitBytes(view), drawingSteps(STEPS, view.full, own.size));
      const document = await loadDocument(pdfium, bytes, password);
      return {
        ...{ width: view.width, height: view.height, channels, icc: null },
        strips: drawPage(pdfium, document, index, look(view)),
      };
    },
  };
}

/** Upper bound, in bytes. PDFium is stopped where it wants more. */
function roomBytes(fileBytes: number): number {
  const left = WHOLE_BYTES - PDFIUM_BASE_BYTES - fileBytes;
  return Math.max(LEAST_ROOM_BYTES, Math.min(ROOM_BYTES, left));
}
