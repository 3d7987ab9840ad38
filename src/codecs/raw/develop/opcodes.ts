/** Of the corrections that a DNG lists the one that pixels cannot do without: lossy ones' curves. */
import type { ByteSource } from "../../../pipeline/bytes.ts";
import type { Directory } from "../../tiff/directory.ts";
import { damaged } from "../../tiff/failures.ts";
import { readBlob } from "../../tiff/directory.ts";
import { RAW_TAGS } from "../tags.ts";

/** Coefficients, that of x^0 first. */
export type Polynomial = readonly number[];

const MAP_POLYNOMIAL = 8;
const MAX_LIST_BYTES = 256 * 1024;
const MAX_OPCODES = 64;
const MAX_DEGREE = 8;
/** Id, version, flags and length. */
const HEAD_BYTES = 16;
/** An area, its first plane, how many, its steps, the degree. */
const PLANE_AT = 16;
const PLANES_AT = 20;
const DEGREE_AT = 32;
const COEFFICIENTS_AT = 36;

/**
 * OpcodeList2's polynomials (DNG 1.7, chapter 7), by sample. Others, such as those for lens shading,
 * are left out.
 * @throws AppError invalid_image
 */
export async function readPolynomials(
  source: ByteSource,
  directory: Directory,
  samples: number,
): Promise<(Polynomial | null)[]> {
  const found: (Polynomial | null)[] = Array.from({ length: samples }, () => null);
  const list = await readBlob(source, directory, RAW_TAGS.opcodeList2, MAX_LIST_BYTES);
  if (!list || list.length < 4) return found;
  // Always written with the highest byte first.
  const view = new DataView(list.buffer, list.byteOffset, list.length);
  const count = Math.min(view.getUint32(0), MAX_OPCODES);
  for (let i = 0, at = 4; i < count && at + HEAD_BYTES <= list.length; i++) {
    const bytes = view.getUint32(at + 12);
    const end = at + HEAD_BYTES + bytes;
    if (end > list.length) throw damaged();
    if (view.getUint32(at) === MAP_POLYNOMIAL) {
      const content = new DataView(list.buffer, list.byteOffset + at + HEAD_BYTES, bytes);
      addPolynomial(content, found);
    }
    at = end;
  }
  return found;
}

function addPolynomial(content: DataView, found: (Polynomial | null)[]): void {
  if (content.byteLength < COEFFICIENTS_AT) throw damaged();
  const plane = content.getUint32(PLANE_AT);
  const end = Math.min(found.length, plane + content.getUint32(PLANES_AT));
  const degree = content.getUint32(DEGREE_AT);
  if (degree > MAX_DEGREE || content.byteLength < COEFFICIENTS_AT + (degree + 1) * 8) {
    throw damaged();
  }
  const polynomial = Array.from({ length: degree + 1 }, (_, i) =>
    content.getFloat64(COEFFICIENTS_AT + i * 8),
  );
  if (!polynomial.every(Number.isFinite)) throw damaged();
  for (let c = plane; c < end; c++) found[c] = polynomial;
}
