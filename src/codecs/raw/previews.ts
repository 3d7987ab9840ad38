/**
 * What is in camera raw files: directories, and where the pictures are that their cameras made, which
 * are JPEGs, often of full size.
 */
import { slice, type ByteSource } from "../../pipeline/bytes.ts";
import { readDirectory, readNumber, readNumbers, type Directory } from "../tiff/directory.ts";
import { truncated } from "../tiff/failures.ts";
import { COMPRESSION, TAGS } from "../tiff/tags.ts";
import { OLD_JPEG, RAW_PHOTOMETRIC } from "./tags.ts";

/** A part of the file that may be a JPEG. */
export interface Candidate {
  offset: number;
  bytes: number;
}

/** What of a raw file can be read. */
export interface RawFile {
  /** The first tells of orientation and exposure. None where the file is not built upon TIFF. */
  directories: readonly Directory[];
  previews: Candidate[];
}

const MAX_DIRECTORIES = 32;
const MAX_CHILDREN = 16;
/** Light before any colour is made of it. */
const SENSOR_PHOTOMETRICS: ReadonlySet<number> = new Set(Object.values(RAW_PHOTOMETRIC));
/** Panasonic's own field. */
const PANASONIC_JPEG = 0x2e;

const isText = (bytes: Uint8Array, text: string, offset = 0): boolean =>
  [...text].every((character, i) => bytes[offset + i] === character.charCodeAt(0));

const FUJI_JPEG_AT = 84;
const HEAD_BYTES = 92;

/** @throws AppError truncated_image, invalid_image */
export async function readRaw(source: ByteSource): Promise<RawFile> {
  const head = await source.read(0, HEAD_BYTES);
  if (head.length < HEAD_BYTES) throw truncated();
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (isText(head, "FUJIFILM")) {
    const offset = view.getUint32(FUJI_JPEG_AT);
    return { directories: [], previews: [{ offset, bytes: view.getUint32(FUJI_JPEG_AT + 4) }] };
  }
  if (isText(head, "ftyp", 4)) return { directories: [], previews: await findInBoxes(source) };
  // Olympus and Panasonic have numbers of their own instead of TIFF's 42.
  const notation = { littleEndian: isText(head, "II"), isBig: false };
  const offset = view.getUint32(4, notation.littleEndian);
  const directories = await readAllDirectories(
    source,
    await readDirectory(source, offset, notation),
  );
  const previews: Candidate[] = [];
  for (const directory of directories) previews.push(...(await findInDirectory(source, directory)));
  return { directories, previews };
}

async function readAllDirectories(source: ByteSource, first: Directory): Promise<Directory[]> {
  const found: Directory[] = [];
  const seen = new Set<number>();
  const waiting: (Directory | number)[] = [first];
  while (waiting.length > 0 && seen.size < MAX_DIRECTORIES) {
    const next = waiting.shift() ?? 0;
    if (typeof next === "number" && (next === 0 || seen.has(next))) continue;
    if (typeof next === "number") seen.add(next);
    // Damage elsewhere is no harm to a preview.
    const directory =
      typeof next === "number" ? await readDirectory(source, next, first).catch(() => null) : next;
    if (!directory) continue;
    found.push(directory);
    const { count = 0 } = directory.fields.get(TAGS.subDirectories) ?? {};
    const children = Math.min(count, MAX_CHILDREN);
    const offsets = await readNumbers(source, directory, TAGS.subDirectories, children).catch(
      () => null,
    );
    waiting.push(...(offsets ?? []), directory.next);
  }
  return found;
}

async function findInDirectory(source: ByteSource, directory: Directory): Promise<Candidate[]> {
  const number = (tag: number) => readNumber(source, directory, tag, 0).catch(() => 0);
  const found = [{ offset: await number(TAGS.jpegOffset), bytes: await number(TAGS.jpegBytes) }];
  const compression = await number(TAGS.compression);
  const isJpeg = compression === COMPRESSION.jpeg || compression === OLD_JPEG;
  if (isJpeg && !SENSOR_PHOTOMETRICS.has(await number(TAGS.photometric))) {
    const bytes = await number(TAGS.stripByteCounts);
    found.push({ offset: await number(TAGS.stripOffsets), bytes });
  }
  const panasonic = directory.fields.get(PANASONIC_JPEG);
  if (panasonic) found.push({ offset: panasonic.offset, bytes: panasonic.count });
  return found.filter(({ offset, bytes }) => offset > 0 && bytes > 0);
}

const MAX_BOXES = 64;
const BOX_HEAD_BYTES = 16;
/** Of the box of Canon's that has the preview: its id, a count, and the preview's own head. */
const PREVIEW_HEAD_BYTES = 128;

/** Canon's CR3 is boxes of ISO base media; one of them has a preview. */
async function findInBoxes(source: ByteSource): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (let at = 0, count = 0; count < MAX_BOXES && at + 8 <= source.size; count++) {
    const head = await source.read(at, PREVIEW_HEAD_BYTES);
    if (head.length < BOX_HEAD_BYTES) break;
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    const short = view.getUint32(0);
    const bytes = short === 1 ? view.getUint32(8) * 2 ** 32 + view.getUint32(12) : short;
    if (bytes < 8) break;
    const start = isText(head, "uuid", 4) ? findJpeg(head) : -1;
    if (start >= 0) found.push({ offset: at + start, bytes: bytes - start });
    at += bytes;
  }
  return found;
}

const findJpeg = (head: Uint8Array): number =>
  head.findIndex((byte, i) => byte === 0xff && head[i + 1] === 0xd8 && head[i + 2] === 0xff);

/** The file that a candidate would be. */
export const fileOf = (source: ByteSource, { offset, bytes }: Candidate): ByteSource =>
  slice(source, offset, bytes);
