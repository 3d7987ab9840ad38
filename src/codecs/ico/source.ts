import { slice, type ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, Source } from "../../pipeline/picture.ts";
import { SIGNATURE } from "../png/chunks.ts";
import { openPng } from "../png/source.ts";
import { decodeDib, readDib, type Dib } from "./dib.ts";
import { checkEntry, damaged, listEntries, type Entry } from "./directory.ts";

const HEAD_BYTES = 40;

/**
 * An icon's pictures, or a cursor's, are its pages, the largest first.
 * @throws AppError invalid_image, truncated_image, unsupported_feature
 */
export async function openIco(bytes: ByteSource): Promise<Source> {
  const entries = await listEntries(bytes);
  const open = async (index: number): Promise<Source> => {
    const entry = entries[index];
    if (!entry) throw damaged();
    checkEntry(entry, entries.length, bytes);
    return { ...(await openEntry(bytes, entry)), pages: entries.length, page: open };
  };
  return await open(0);
}

async function openEntry(bytes: ByteSource, entry: Entry): Promise<Source> {
  const file = slice(bytes, entry.offset, entry.bytes);
  const head = await file.read(0, HEAD_BYTES);
  const isPng = SIGNATURE.every((byte, index) => head[index] === byte);
  if (isPng) {
    // An animation is none in an icon.
    const { animation: _animation, ...png } = await openPng(file);
    return { ...png, format: "ico", frames: 1 };
  }
  const dib = readDib(head, entry.bytes);
  return {
    format: "ico",
    ...{ width: dib.width, height: dib.height, channels: 4, icc: null },
    depth: 8,
    orientation: 1,
    metadata: { icc: null, exif: null, xmp: null },
    frames: 1,
    pages: 1,
    warnings: [],
    scales: [1],
    memory: () => dib.bytes + pixelBytes(dib),
    picture: (_plan, workspace) => decode(file, dib, workspace),
  };
}

const pixelBytes = ({ width, height }: Dib): number => width * height * 4;

async function decode(file: ByteSource, dib: Dib, workspace: Workspace): Promise<Picture> {
  const { width, height } = dib;
  const rgba = workspace.allocate(pixelBytes(dib));
  decodeDib(dib, await file.read(0, dib.bytes), rgba);
  async function* strips() {
    yield { y: 0, rows: height, data: rgba };
  }
  return { width, height, channels: 4, icc: null, strips: strips() };
}
