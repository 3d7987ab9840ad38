/** The parts of ICC profiles that conversions need. Layout: ICC.1:2022, sections 7.2 to 7.3. */

export interface IccProfile {
  /** Device colour space as the header spells it, e.g. "RGB ", "GRAY", "CMYK". */
  space: string;
  /** Profile connection space. */
  pcs: "XYZ " | "Lab ";
  /** A tag's data from its type signature on. */
  tag(signature: string): DataView | undefined;
}

const HEADER_BYTES = 128;
const TAG_BYTES = 12;
const MAX_TAGS = 256;

/** Null where the bytes are no profile of a device; damaged tags are as if they were missing. */
export function parseIcc(icc: Uint8Array): IccProfile | null {
  if (icc.length < HEADER_BYTES + 4) return null;
  const view = new DataView(icc.buffer, icc.byteOffset, icc.byteLength);
  const pcs = readSignature(view, 20);
  if (readSignature(view, 36) !== "acsp" || view.getUint32(0) > icc.length) return null;
  if (pcs !== "XYZ " && pcs !== "Lab ") return null;
  const count = Math.min(view.getUint32(HEADER_BYTES), MAX_TAGS);
  const tags = new Map<string, DataView>();
  for (let i = 0; i < count; i++) {
    const entry = HEADER_BYTES + 4 + i * TAG_BYTES;
    if (entry + TAG_BYTES > icc.length) break;
    const offset = view.getUint32(entry + 4);
    const bytes = view.getUint32(entry + 8);
    if (bytes < 8 || offset + bytes > icc.length) continue;
    tags.set(readSignature(view, entry), new DataView(icc.buffer, icc.byteOffset + offset, bytes));
  }
  return { space: readSignature(view, 16), pcs, tag: (signature) => tags.get(signature) };
}

/** Four characters. */
export function readSignature(view: DataView, offset: number): string {
  let text = "";
  for (let i = 0; i < 4; i++) text += String.fromCharCode(view.getUint8(offset + i));
  return text;
}

/** s15Fixed16Number. */
export function readFixed(view: DataView, offset: number): number {
  return view.getInt32(offset) / 65_536;
}

/** The first XYZNumber of a tag of type XYZ. */
export function readXyz(view: DataView | undefined): [number, number, number] | null {
  if (!view || view.byteLength < 20 || readSignature(view, 0) !== "XYZ ") return null;
  return [readFixed(view, 8), readFixed(view, 12), readFixed(view, 16)];
}
