/**
 * EPS files hold a program. We have no interpreter for it (docs/decisions/0008-no-postscript.md), but
 * many files carry a picture of what it draws: the TIFF of a DOS header, or hexadecimal comments
 * (Adobe 5002, 5.2 and 6).
 */
import { AppError } from "../../errors.ts";
import { slice, type ByteSource } from "../../pipeline/bytes.ts";
import type { Source, Warning } from "../../pipeline/picture.ts";
import { openTiff } from "../tiff/source.ts";
import { openHexPreview } from "./hex-preview.ts";

const HEADER_BYTES = 30;
const DOS_MAGIC = 0xc5d0d3c6;
const PROGRAM_OFFSET = 4;
const TIFF_OFFSET = 20;

const PREVIEW: Warning = {
  code: "preview_used",
  message: "The EPS's own preview was used: its PostScript is not run.",
};

/** @throws AppError unsupported_feature where there is no preview, and what that is refused for */
export async function openEps(bytes: ByteSource): Promise<Source> {
  const preview = await openPreview(bytes);
  return { ...preview, format: "eps", warnings: [...preview.warnings, PREVIEW] };
}

async function openPreview(bytes: ByteSource): Promise<Source> {
  const head = await bytes.read(0, HEADER_BYTES);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const hasHeader = head.length === HEADER_BYTES && view.getUint32(0) === DOS_MAGIC;
  const part = (at: number): ByteSource =>
    slice(bytes, view.getUint32(at, true), view.getUint32(at + 4, true));
  if (hasHeader && part(TIFF_OFFSET).size > 0) return await openTiff(part(TIFF_OFFSET));
  const preview = await openHexPreview(hasHeader ? part(PROGRAM_OFFSET) : bytes);
  if (preview) return preview;
  throw new AppError(
    "unsupported_feature",
    "The file is a PostScript program, which we do not run, and has no preview that we read (TIFF, or EPSI's). Save it as PDF or SVG.",
  );
}
