/** The top level of a HEIF file: what it says it is, and where its pictures are described. */
import { hasBrand, SNIFF_BYTES } from "../../magic.ts";
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import { MIB } from "../../limits.ts";
import { BOX_HEAD_BYTES, Cursor, readBoxHead } from "./boxes.ts";
import { damaged, truncated } from "./failures.ts";
import { readMeta, type Meta } from "./meta.ts";

/** Descriptions of a thousand tiles take 100 KB. */
const MAX_DESCRIPTION_BYTES = 2 * MIB;
const MAX_TOP_LEVEL_BOXES = 256;
const WINDOW_BYTES = 4096;

export interface HeifFile {
  /** Null where there is nothing but a sequence. */
  meta: Meta | null;
  /** What is in the movie box, where the file says that it is a sequence. */
  movie: Uint8Array | null;
}

/** Brands of sequences; other files may have a film, which is not what they show. */
const SEQUENCE_BRANDS = ["avis", "msf1", "hevc", "hevx"];

/**
 * Walks the top-level boxes by random access; only the descriptions of pictures are read whole.
 * @throws AppError invalid_image, truncated_image
 */
export async function readFile(bytes: ByteSource): Promise<HeifFile> {
  const read = createWindow(bytes, WINDOW_BYTES);
  const isSequence = hasBrand(await read(0, SNIFF_BYTES), ...SEQUENCE_BRANDS);
  let meta: Meta | null = null;
  let offset = 0;
  for (let count = 0; count < MAX_TOP_LEVEL_BOXES && offset + 8 <= bytes.size; count++) {
    const left = bytes.size - offset;
    const head = new Cursor(await read(offset, Math.min(BOX_HEAD_BYTES, left)));
    const { type, headBytes, bytes: whole } = readBoxHead(head, left);
    if (count === 0 && type !== "ftyp") throw damaged("The file does not begin as HEIF files do.");
    if (whole < headBytes) throw damaged();
    const payload = { start: offset + headBytes, length: whole - headBytes };
    if (type === "meta" && !meta) meta = readMeta(await readBox(bytes, payload));
    if (type === "moov" && isSequence) return { meta, movie: await readBox(bytes, payload) };
    if (meta && !isSequence) return { meta, movie: null };
    offset += whole;
  }
  if (offset > bytes.size || offset === 0) throw truncated();
  if (!meta) throw damaged("The file describes no image.");
  return { meta, movie: null };
}

async function readBox(
  bytes: ByteSource,
  { start, length }: { start: number; length: number },
): Promise<Uint8Array> {
  if (length > MAX_DESCRIPTION_BYTES) throw damaged("The file describes too many images.");
  if (start + length > bytes.size) throw truncated();
  return (await bytes.read(start, length)).slice();
}
