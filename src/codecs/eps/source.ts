/**
 * EPS files hold a program. We have no interpreter for it (docs/decisions/0008-no-postscript.md), but
 * many files carry a picture of what it draws: the TIFF of a DOS header (Adobe 5002, 5.2).
 */
import { AppError } from "../../errors.ts";
import { slice, type ByteSource } from "../../pipeline/bytes.ts";
import type { Source, Warning } from "../../pipeline/picture.ts";
import { openTiff } from "../tiff/source.ts";

const HEADER_BYTES = 30;
const DOS_MAGIC = 0xc5d0d3c6;
const TIFF_OFFSET = 20;

const PREVIEW: Warning = {
  code: "preview_used",
  message: "The EPS's own preview was used: its PostScript is not run.",
};

/** @throws AppError unsupported_feature where there is no preview, and what its TIFF is refused for */
export async function openEps(bytes: ByteSource): Promise<Source> {
  const head = await bytes.read(0, HEADER_BYTES);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < HEADER_BYTES || view.getUint32(0) !== DOS_MAGIC) throw withoutPreview();
  const offset = view.getUint32(TIFF_OFFSET, true);
  const length = view.getUint32(TIFF_OFFSET + 4, true);
  if (length === 0) throw withoutPreview();
  const preview = await openTiff(slice(bytes, offset, length));
  return { ...preview, format: "eps", warnings: [...preview.warnings, PREVIEW] };
}

const withoutPreview = (): AppError =>
  new AppError(
    "unsupported_feature",
    "The file is a PostScript program, which we do not run, and has no TIFF preview. Save it as PDF or SVG.",
  );
