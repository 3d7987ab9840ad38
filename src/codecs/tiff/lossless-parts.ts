/** Strips and tiles that are lossless JPEGs, whose samples become 16 bits each. */
import { createRowDecoder, losslessRowBytes, type ScanBytes } from "../jpeg/lossless.ts";
import { readLosslessHeader } from "../jpeg/lossless-header.ts";
import { MIB } from "../../limits.ts";
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { readIntegers, type Directory } from "./directory.ts";
import { damaged, truncated } from "./failures.ts";
import type { SegmentGrid } from "./header.ts";
import type { ReadPart } from "./jpeg-parts.ts";

/** What all parts of a picture have in common. */
export interface LosslessParts {
  /** Samples of a JPEG's row, of the first part. Others must not have more. */
  rowSamples: number;
}

/** What is read of the file at a time. */
const WINDOW_BYTES = MIB;
/** What is decoded from at a time; no head is longer. */
const PIECE_BYTES = 64 * 1024;
/** What is handed out at a time, but a row at least. */
const BLOCK_SAMPLES = 32 * 1024;
const SAMPLE_BYTES = 2;
const DIFFERENCE_BYTES = 4;
/** Up to four tables of a few KiB. */
const TABLES_BYTES = 32 * 1024;

const blockRows = (rowSamples: number): number =>
  Math.max(1, Math.floor(BLOCK_SAMPLES / rowSamples));

const inputBytes = (rowSamples: number): number => losslessRowBytes(rowSamples) + PIECE_BYTES;

/** Upper bound, in bytes. */
export function losslessPartsBytes({ rowSamples }: LosslessParts): number {
  const rows = blockRows(rowSamples) + 1;
  const buffers = rowSamples * (rows * SAMPLE_BYTES + DIFFERENCE_BYTES) + inputBytes(rowSamples);
  return buffers + TABLES_BYTES + 2 * WINDOW_BYTES;
}

/**
 * Reads the first part's head.
 * @returns null where it is a JPEG of another kind
 * @throws AppError invalid_image, truncated_image, unsupported_feature
 */
export async function openLosslessParts(
  source: ByteSource,
  directory: Directory,
  { offsets }: SegmentGrid,
): Promise<LosslessParts | null> {
  const first = new Uint32Array(1);
  await readIntegers(source, directory, offsets, first);
  const head = await source.read(first[0] ?? 0, PIECE_BYTES);
  if (head.length < 4) throw truncated();
  const header = readLosslessHeader(head);
  return header && { rowSamples: header.width * header.components };
}

/** @returns gives a part's samples, some rows at a time, as the machine has them; valid until the next */
export function createLosslessReader(
  source: ByteSource,
  { rowSamples: mostSamples }: LosslessParts,
  workspace: Workspace,
): ReadPart {
  const read = createWindow(source, WINDOW_BYTES);
  const buffer = workspace.allocate(inputBytes(mostSamples));
  const rows = blockRows(mostSamples);
  const samples = (count: number) =>
    new Uint16Array(workspace.allocate(count * SAMPLE_BYTES).buffer);
  const block = samples(rows * mostSamples);
  const last = samples(mostSamples);
  const differences = new Int32Array(workspace.allocate(mostSamples * DIFFERENCE_BYTES).buffer);

  return async function* (offset, bytes) {
    const input: ScanBytes = { bytes: buffer, at: 0, end: 0 };
    let position = 0;
    const hasEnded = () => position === bytes;
    /** Moves what is left to the front, and reads on behind it. */
    async function fill(): Promise<void> {
      buffer.copyWithin(0, input.at, input.end);
      input.end -= input.at;
      input.at = 0;
      const count = Math.min(PIECE_BYTES, buffer.length - input.end, bytes - position);
      const piece = await read(offset + position, count);
      if (piece.length < count) throw truncated();
      buffer.set(piece, input.end);
      input.end += count;
      position += count;
    }

    await fill();
    const header = readLosslessHeader(buffer.subarray(0, input.end));
    if (!header) throw damaged();
    const rowSamples = header.width * header.components;
    if (rowSamples > mostSamples) throw damaged();
    input.at = header.dataOffset;
    const decodeRow = createRowDecoder(header, input, differences);
    const wantedBytes = losslessRowBytes(rowSamples);
    const views = Array.from({ length: rows }, (_, i) =>
      block.subarray(i * rowSamples, (i + 1) * rowSamples),
    );
    let above = last;
    for (let y = 0; y < header.height;) {
      const count = Math.min(rows, header.height - y);
      for (const row of views.slice(0, count)) {
        while (input.end - input.at < wantedBytes && !hasEnded()) await fill();
        decodeRow(above, row);
        above = row;
      }
      last.set(above);
      above = last;
      yield new Uint8Array(block.buffer, 0, count * rowSamples * SAMPLE_BYTES);
      y += count;
    }
  };
}
