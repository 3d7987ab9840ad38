/** A PDF in PDFium's memory: opening it, and the sizes of its pages. */
import { AppError } from "../../errors.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import { readAll } from "../../pipeline/bytes.ts";
import { checkJbig2 } from "./jbig2.ts";
import type { Pdfium } from "./pdfium.ts";

/** Points, 72 an inch. */
export interface PageSize {
  width: number;
  height: number;
}

/** FPDF_GetLastError's answers. */
const ERROR = { password: 4, security: 5 } as const;

/** Where a file that is whole says that it ends. */
const END_BYTES = 1024;

/**
 * Reads the file into PDFium's memory and opens it.
 * @returns PDFium's handle, good until the instance is wiped
 * @throws AppError password_required, wrong_password, invalid_image, truncated_image,
 *   too_many_pixels, unsupported_feature, memory_limit
 */
export async function loadDocument(
  pdfium: Pdfium,
  bytes: ByteSource,
  password: string | null,
): Promise<number> {
  const data = pdfium.allocate(bytes.size);
  await readAll(bytes, (offset, chunk) => pdfium.heap.set(chunk, data + offset));
  checkJbig2(pdfium.heap.subarray(data, data + bytes.size));
  const secret = password === null ? 0 : writeText(pdfium, password);
  const { api } = pdfium;
  const document = pdfium.guard(() => api.FPDF_LoadMemDocument(data, bytes.size, secret));
  if (document !== 0) return document;
  throw await openingFailure(api.FPDF_GetLastError(), bytes, password);
}

async function openingFailure(
  error: number,
  bytes: ByteSource,
  password: string | null,
): Promise<AppError> {
  if (error === ERROR.password) {
    return password === null
      ? new AppError("password_required", "The PDF is protected; give its password.")
      : new AppError("wrong_password", "The password does not open the PDF.");
  }
  if (error === ERROR.security) {
    return new AppError(
      "unsupported_feature",
      "The PDF is encrypted in a way that we cannot read.",
    );
  }
  const end = await bytes.read(Math.max(0, bytes.size - END_BYTES), END_BYTES);
  return new TextDecoder("latin1").decode(end).includes("%%EOF")
    ? new AppError("invalid_image", "The PDF is damaged.")
    : new AppError("truncated_image", "The PDF ends too early.");
}

function writeText(pdfium: Pdfium, text: string): number {
  const encoded = new TextEncoder().encode(`${text}\0`);
  const pointer = pdfium.allocate(encoded.length);
  pdfium.heap.set(encoded, pointer);
  return pointer;
}

/** The first `most` pages' sizes as they are shown, turned where they say so. */
export function readPageSizes(pdfium: Pdfium, document: number, most: number): PageSize[] {
  const { api } = pdfium;
  const pages = Math.min(most, api.FPDF_GetPageCount(document));
  const pointer = pdfium.allocate(8);
  return Array.from({ length: pages }, (_, index) => {
    const found = pdfium.guard(() => api.FPDF_GetPageSizeByIndexF(document, index, pointer));
    if (found === 0) return { width: 0, height: 0 };
    const [width = 0, height = 0] = new Float32Array(pdfium.memory.buffer, pointer, 2);
    return { width, height };
  });
}
