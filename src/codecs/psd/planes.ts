/** Rows of a PSD's channels, which lie one behind the other, each read by a window of its own. */
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS } from "../../pipeline/picture.ts";
import { damaged, truncated, type PsdHeader } from "./header.ts";
import { unpackRow } from "./packed-plane.ts";

const WINDOW_BYTES = 256 * 1024;

export const storedRowBytes = ({ width, bits }: PsdHeader): number => Math.ceil((width * bits) / 8);

/** Upper bound of what the readers of `planes` channels hold, in bytes. */
export function planesBytes(header: PsdHeader, planes: number): number {
  const { height, channels, isPackBits, isLarge } = header;
  // The window before may not be collected yet. Rows that are longer together are read by themselves.
  const rowsBytes = STRIP_ROWS * (isPackBits ? maxPackedBytes(header) : storedRowBytes(header));
  const windows = planes * 2 * Math.max(WINDOW_BYTES, rowsBytes);
  const lengths = isPackBits ? height * planes * 4 + height * channels * (isLarge ? 4 : 2) : 0;
  return windows + lengths;
}

/** As badly as a row can be packed by somebody who does not care. */
const maxPackedBytes = (header: PsdHeader): number => 2 * storedRowBytes(header) + 64;

/** Reads a channel's next rows, up to STRIP_ROWS, packed; `target` is as long as they are. */
export type ReadRows = (target: Uint8Array) => Promise<void>;

/** @throws AppError truncated_image, invalid_image, before a row is read */
export async function openPlanes(
  source: ByteSource,
  header: PsdHeader,
  planes: number,
  workspace: Workspace,
): Promise<ReadRows[]> {
  return header.isPackBits
    ? await openPackedPlanes(source, header, planes, workspace)
    : openPlainPlanes(source, header, planes);
}

function openPlainPlanes(source: ByteSource, header: PsdHeader, planes: number): ReadRows[] {
  const { dataOffset, height } = header;
  const rowBytes = storedRowBytes(header);
  const planeBytes = rowBytes * height;
  if (dataOffset + planes * planeBytes > source.size) throw truncated();
  return Array.from({ length: planes }, (_, plane) => {
    const read = createWindow(source, WINDOW_BYTES);
    let at = dataOffset + plane * planeBytes;
    return async (target) => {
      const rows = await read(at, target.length);
      if (rows.length < target.length) throw truncated();
      target.set(rows);
      at += target.length;
    };
  });
}

async function openPackedPlanes(
  source: ByteSource,
  header: PsdHeader,
  planes: number,
  workspace: Workspace,
): Promise<ReadRows[]> {
  const { dataOffset, height, channels, isLarge } = header;
  const rowBytes = storedRowBytes(header);
  const entryBytes = isLarge ? 4 : 2;
  const tableBytes = height * channels * entryBytes;
  const table = await source.read(dataOffset, height * planes * entryBytes);
  if (table.length < height * planes * entryBytes) throw truncated();
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  const lengths = new Uint32Array(workspace.allocate(height * planes * 4).buffer);
  const limit = maxPackedBytes(header);
  const starts: number[] = [];
  let end = dataOffset + tableBytes;
  for (let i = 0; i < lengths.length; i++) {
    if (i % height === 0) starts.push(end);
    const length = isLarge ? view.getUint32(i * 4) : view.getUint16(i * 2);
    if (length > limit) throw damaged();
    lengths[i] = length;
    end += length;
  }
  if (end > source.size) throw truncated();
  return starts.map((start, plane) => {
    const read = createWindow(source, WINDOW_BYTES);
    let at = start;
    let row = plane * height;
    return async (target) => {
      const rows = target.length / rowBytes;
      const rowLengths = lengths.subarray(row, row + rows);
      const packed = await read(
        at,
        rowLengths.reduce((sum, length) => sum + length, 0),
      );
      for (let i = 0, from = 0; i < rows; i++) {
        const length = rowLengths[i] as number;
        const part = target.subarray(i * rowBytes, (i + 1) * rowBytes);
        unpackRow(packed.subarray(from, from + length), part);
        from += length;
      }
      at += packed.length;
      row += rows;
    };
  });
}
