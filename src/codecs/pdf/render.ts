/**
 * A page as strips. It is drawn a band at a time, at the size that is wanted, so that no page's
 * pixels are ever held whole; what bands cost in time is little (a page of text at 300 dpi in 16
 * bands: as long as in one), since PDFium skips what lies outside and keeps the images it decoded.
 */
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { Strip } from "../../pipeline/picture.ts";
import type { View } from "../drawing.ts";
import type { Pdfium } from "./pdfium.ts";

const BAND_BYTES = 2 * MIB;

/** FPDFBitmap_ formats. */
const FORMAT = { bgr: 2, bgra: 4 } as const;
/** FPDF_ANNOT, to draw annotations, and FPDF_REVERSE_BYTE_ORDER, for red first. */
const FLAGS = 0x01 | 0x10;

const WHITE = 0xffff_ffff;
const TRANSPARENT = 0;

export interface PageLook {
  channels: 3 | 4;
  /** Of the whole page, in pixels, and the part of it that is drawn. */
  view: View;
}

const bandRows = ({ channels, view }: PageLook): number =>
  Math.min(view.height, Math.max(1, Math.floor(BAND_BYTES / (view.width * channels))));

/** Of the pixels that are drawn at a time, in PDFium's memory. */
export function bandBytes(look: PageLook): number {
  return bandRows(look) * look.view.width * look.channels;
}

/** FPDF_FORMFILLINFO: its version, and no function that could be called back. */
const FORM_INFO_BYTES = 256;
const FORM_INFO_VERSION = 2;

/** Fields of forms are drawn by the part of PDFium that a viewer would fill them in with. */
function openForm(pdfium: Pdfium, document: number): number {
  const info = pdfium.allocate(FORM_INFO_BYTES);
  pdfium.heap.fill(0, info, info + FORM_INFO_BYTES);
  new DataView(pdfium.memory.buffer).setInt32(info, FORM_INFO_VERSION, true);
  return pdfium.guard(() => pdfium.api.FPDFDOC_InitFormFillEnvironment(document, info));
}

/** @throws AppError invalid_image, memory_limit */
export async function* drawPage(
  pdfium: Pdfium,
  document: number,
  index: number,
  look: PageLook,
): AsyncGenerator<Strip, void, undefined> {
  const { api } = pdfium;
  const { channels, view } = look;
  const { x, y, width, height, full } = view;
  const rows = bandRows(look);
  const stride = width * channels;
  const pixels = pdfium.allocate(rows * stride);
  const format = channels === 3 ? FORMAT.bgr : FORMAT.bgra;
  const paper = channels === 3 ? WHITE : TRANSPARENT;
  const page = pdfium.guard(() => api.FPDF_LoadPage(document, index));
  const form = openForm(pdfium, document);
  if (page === 0) throw new AppError("invalid_image", "The page is damaged.");
  for (let top = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    pdfium.guard(() => {
      const bitmap = api.FPDFBitmap_CreateEx(width, count, format, pixels, stride);
      if (bitmap === 0) throw pdfium.outOfMemory();
      api.FPDFBitmap_FillRect(bitmap, 0, 0, width, count, paper);
      api.FPDF_RenderPageBitmap(...[bitmap, page, -x, -y - top, full.width, full.height, 0], FLAGS);
      if (form !== 0) {
        api.FPDF_FFLDraw(form, bitmap, page, -x, -y - top, full.width, full.height, 0, FLAGS);
      }
      api.FPDFBitmap_Destroy(bitmap);
    });
    yield { y: top, rows: count, data: pdfium.heap.subarray(pixels, pixels + count * stride) };
  }
}
