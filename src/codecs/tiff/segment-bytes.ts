/** Raw bytes of strips and tiles, whatever they are compressed with. */
import { MIB } from "../../limits.ts";
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { createExpand, expandBytes, type FaxRows } from "./expand.ts";
import { damaged, truncated } from "./failures.ts";
import type { SegmentLayout } from "./header.ts";
import { createPartReader, jpegPartsBytes, type JpegParts } from "./jpeg-parts.ts";
import { createLosslessReader, losslessPartsBytes, type LosslessParts } from "./lossless-parts.ts";
import { countPlanes, type SegmentTable } from "./segment-table.ts";

/** What is read of the file at a time, for all planes together. */
const WINDOW_BYTES = MIB;

const faxRows = ({ segments, isTwoDimensional }: SegmentLayout): FaxRows => ({
  width: segments.width,
  isTwoDimensional,
});

/** Upper bound of what is held to read all planes' bytes, the buffers of tiles apart. */
export function segmentBytesMemory(header: SegmentLayout): number {
  if (header.jpeg) return jpegPartsBytes(header.jpeg);
  if (header.lossless) return losslessPartsBytes(header.lossless);
  // The window before may not be collected yet.
  const windows = (header.isBitReversed ? 3 : 2) * WINDOW_BYTES;
  return windows + countPlanes(header) * expandBytes(header.compression, faxRows(header));
}

/** A strip or tile whose raw bytes are read in pieces of any length. */
export interface Opened {
  fill(target: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export type Opener = (index: number, wantedBytes: number) => Opened;

/** Gives the raw bytes of a strip or tile, at least the wanted ones. */
type Expanded = (index: number, wantedBytes: number) => AsyncGenerator<Uint8Array, void, undefined>;

export function createOpener(
  source: ByteSource,
  header: SegmentLayout,
  table: SegmentTable,
  workspace: Workspace,
): Opener {
  const { jpeg, lossless } = header;
  const expand = jpeg
    ? expandJpegs(source, header, jpeg, table, workspace)
    : lossless
      ? expandLossless(source, lossless, table, workspace)
      : expandOthers(source, header, table);
  return (index, wantedBytes) => {
    const bytes = expand(index, wantedBytes);
    let rest = new Uint8Array(0) as Uint8Array;
    return {
      async fill(target) {
        for (let filled = 0; filled < target.length;) {
          if (rest.length === 0) {
            const { value } = await bytes.next();
            if (!value) throw damaged();
            rest = value;
          }
          const part = rest.subarray(0, target.length - filled);
          target.set(part, filled);
          filled += part.length;
          rest = rest.subarray(part.length);
        }
      },
      close: async () => void (await bytes.return()),
    };
  };
}

function expandJpegs(
  source: ByteSource,
  { segments, samples, warnings }: SegmentLayout,
  parts: JpegParts,
  { offsets, byteCounts }: SegmentTable,
  workspace: Workspace,
): Expanded {
  const size = { width: segments.width, samples };
  const read = createPartReader(source, parts, size, workspace, warnings);
  return (index) => read(offsets[index] ?? 0, byteCounts[index] ?? 0);
}

function expandLossless(
  source: ByteSource,
  parts: LosslessParts,
  { offsets, byteCounts }: SegmentTable,
  workspace: Workspace,
): Expanded {
  const read = createLosslessReader(source, parts, workspace);
  return (index) => read(offsets[index] ?? 0, byteCounts[index] ?? 0);
}

function expandOthers(source: ByteSource, header: SegmentLayout, table: SegmentTable): Expanded {
  const windowBytes = Math.floor(WINDOW_BYTES / countPlanes(header));
  const read = createWindow(source, windowBytes);
  const expand = createExpand(header.compression, faxRows(header));

  async function* portions(index: number): AsyncGenerator<Uint8Array, void, undefined> {
    const offset = table.offsets[index] ?? 0;
    const count = table.byteCounts[index] ?? 0;
    for (let at = 0; at < count; at += windowBytes) {
      const wanted = Math.min(windowBytes, count - at);
      const portion = await read(offset + at, wanted);
      if (portion.length < wanted) throw truncated();
      yield header.isBitReversed ? portion.map(reverseBits) : portion;
    }
  }

  return (index, wantedBytes) => expand(portions(index), wantedBytes);
}

const reverseBits = (byte: number): number => REVERSED[byte] as number;

/** Bytes with their lowest bit first. */
const REVERSED = Uint8Array.from({ length: 256 }, (_, byte) =>
  [0, 1, 2, 3, 4, 5, 6, 7].reduce(
    (reversed, bit) => reversed | (((byte >> bit) & 1) << (7 - bit)),
    0,
  ),
);
