/** Uncompressed pixels, read by ranges: most files have their last row first. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Strip } from "../../pipeline/picture.ts";
import { damaged, truncated } from "./failures.ts";
import type { BmpHeader } from "./header.ts";
import type { Layout } from "./layout.ts";

/** Read at a time: each range is a request to the store. */
const BLOCK_BYTES = 4 * 1024 * 1024;

/** Rows of a block, whole strips of them. */
function blockRows({ height }: BmpHeader, { strideBytes }: Layout): number {
  const strips = Math.max(1, Math.floor(BLOCK_BYTES / strideBytes / STRIP_ROWS));
  return Math.min(height, strips * STRIP_ROWS);
}

/** Upper bound, in bytes: a strip, and two blocks, for the last one may not be collected yet. */
export function rowsMemory(header: BmpHeader, layout: Layout): number {
  const strip = STRIP_ROWS * header.width * layout.channels;
  return strip + 2 * blockRows(header, layout) * layout.strideBytes;
}

/**
 * All pixels must be in the file. Where they are not, the length that the header claims tells a
 * file that was cut from one that never had them.
 * @throws AppError invalid_image, truncated_image
 */
export function checkLength(
  { size }: ByteSource,
  { height, dataOffset, claimedBytes }: BmpHeader,
  { strideBytes, rowBytes }: Layout,
): void {
  const end = dataOffset + (height - 1) * strideBytes + rowBytes;
  if (end <= size) return;
  if (claimedBytes !== 0 && end > claimedBytes) {
    throw damaged("The BMP is smaller than the picture that its header describes.");
  }
  throw truncated();
}

export async function* readRows(
  bytes: ByteSource,
  header: BmpHeader,
  layout: Layout,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { width, height, topDown, dataOffset } = header;
  const { strideBytes, rowBytes, channels, expandRow } = layout;
  const targetBytes = width * channels;
  const buffer = workspace.allocate(Math.min(STRIP_ROWS, height) * targetBytes);
  const wanted = blockRows(header, layout);
  for (let top = 0; top < height; top += wanted) {
    const inBlock = Math.min(wanted, height - top);
    const firstInFile = topDown ? top : height - top - inBlock;
    const block = await bytes.read(dataOffset + firstInFile * strideBytes, inBlock * strideBytes);
    if (block.length < (inBlock - 1) * strideBytes + rowBytes) throw truncated();
    for (let y = 0; y < inBlock; y += STRIP_ROWS) {
      const rows = Math.min(STRIP_ROWS, inBlock - y);
      for (let row = 0; row < rows; row++) {
        const inFile = topDown ? y + row : inBlock - 1 - y - row;
        const source = block.subarray(inFile * strideBytes, inFile * strideBytes + rowBytes);
        expandRow(source, buffer.subarray(row * targetBytes, (row + 1) * targetBytes));
      }
      yield { y: top + y, rows, data: buffer.subarray(0, rows * targetBytes) };
    }
  }
}
