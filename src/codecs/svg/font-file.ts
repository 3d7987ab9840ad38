/** The head of a font file: OpenType 1.9, "Font file" and "name"; TrueType and CFF, alone or several. */
import type { ByteSource } from "../../pipeline/bytes.ts";

const COLLECTION = "ttcf";
const MAGICS: readonly string[] = ["\0\x01\0\0", "OTTO", "true"];

/** Without these no text can be set. */
const NEEDED_TABLES = ["cmap", "head", "hhea", "hmtx", "maxp", "name"];

const HEADER_BYTES = 12;
const RECORD_BYTES = 16;
const MAX_TABLES = 100;
const MAX_NAME_BYTES = 256 * 1024;

/** Of the records in "name": the family that a group of styles has in common, or one style's. */
const FAMILY_IDS = [16, 1];
const ENGLISH = 0x409;
const NAME_RECORD_BYTES = 12;

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const textOf = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

/** The name by which the font's family is found, or null where the file is no font or is cut off. */
export async function readFontFamily(file: ByteSource): Promise<string | null> {
  const start = await file.read(0, 16);
  const isCollection = textOf(start.subarray(0, 4)) === COLLECTION;
  if (start.length < 16) return null;
  const offset = isCollection ? viewOf(start).getUint32(12) : 0;
  const header = await file.read(offset, HEADER_BYTES);
  if (header.length < HEADER_BYTES || !MAGICS.includes(textOf(header.subarray(0, 4)))) return null;
  const count = viewOf(header).getUint16(4);
  if (count > MAX_TABLES) return null;
  const directory = await file.read(offset + HEADER_BYTES, count * RECORD_BYTES);
  const tables = readTables(directory);
  const isWhole = [...tables.values()].every(({ at, length }) => at + length <= file.size);
  if (!isWhole || !NEEDED_TABLES.every((tag) => tables.has(tag))) return null;
  const name = tables.get("name");
  if (!name || name.length > MAX_NAME_BYTES) return null;
  return readFamily(await file.read(name.at, name.length));
}

interface Place {
  at: number;
  length: number;
}

function readTables(directory: Uint8Array): Map<string, Place> {
  const view = viewOf(directory);
  const tables = new Map<string, Place>();
  for (let at = 0; at + RECORD_BYTES <= directory.length; at += RECORD_BYTES) {
    const tag = textOf(directory.subarray(at, at + 4));
    tables.set(tag, { at: view.getUint32(at + 8), length: view.getUint32(at + 12) });
  }
  return tables;
}

/** In English where it is there, of what is written as UTF-16. */
function readFamily(table: Uint8Array): string | null {
  if (table.length < 6) return null;
  const view = viewOf(table);
  const storage = view.getUint16(4);
  const found: { id: number; isEnglish: boolean; text: string }[] = [];
  for (let index = 0; index < view.getUint16(2); index++) {
    const at = 6 + index * NAME_RECORD_BYTES;
    if (at + NAME_RECORD_BYTES > table.length) break;
    const [platform, , language, id, length, offset] = Array.from({ length: 6 }, (_, field) =>
      view.getUint16(at + 2 * field),
    ) as [number, number, number, number, number, number];
    if ((platform !== 3 && platform !== 0) || !FAMILY_IDS.includes(id)) continue;
    const text = table.subarray(storage + offset, storage + offset + length);
    found.push({
      id,
      isEnglish: platform === 3 && language === ENGLISH,
      text: new TextDecoder("utf-16be").decode(text),
    });
  }
  const [best] = found.toSorted(
    (a, b) =>
      FAMILY_IDS.indexOf(a.id) - FAMILY_IDS.indexOf(b.id) ||
      Number(b.isEnglish) - Number(a.isEnglish),
  );
  // What is none of these could not be written into a style sheet as it is.
  return best && /^[\p{L}\p{N} ._+-]+$/u.test(best.text) ? best.text : null;
}
