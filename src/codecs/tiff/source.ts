import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Source, type Strip } from "../../pipeline/picture.ts";
import { openRaw } from "../raw/source.ts";
import { conversionBytes, describeColour, type Colour } from "./colour.ts";
import { findPages, readDirectory, readFirstDirectory, type Directory } from "./directory.ts";
import { isCameraRaw, readHeader, type TiffHeader } from "./header.ts";
import { packedRowBytes, unpack } from "./samples.ts";
import { countPlanes, describePacking, readTable } from "./segment-table.ts";
import { createRowReader, segmentMemory, type RowReader } from "./segments.ts";

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openTiff(source: ByteSource): Promise<Source> {
  const first = await readFirstDirectory(source);
  // One whose first bytes did not tell.
  if (await isCameraRaw(source, first)) return await openRaw(source);
  const others = await findPages(source, first);
  const open = async (directory: Directory): Promise<Source> => ({
    ...(await openPage(source, directory)),
    pages: 1 + others.length,
    async page(index) {
      const offset = others[index - 1];
      if (offset === undefined) return open(first);
      return open(await readDirectory(source, offset, first));
    },
  });
  return open(first);
}

async function openPage(source: ByteSource, directory: Directory): Promise<Source> {
  const header = await readHeader(source, directory);
  const colour = describeColour(header);
  const { width, height, bits, orientation, warnings } = header;
  const { channels, icc } = colour;
  return {
    format: "tiff",
    ...{ width, height, channels, icc, depth: bits, orientation, warnings },
    metadata: { ...header.metadata, icc },
    frames: 1,
    pages: 1,
    scales: [1],
    memory: () => decodeMemory(header, colour),
    async picture(_plan, workspace) {
      const table = await readTable(source, header, workspace);
      const readers = Array.from({ length: countPlanes(header) }, (_, plane) =>
        createRowReader(source, header, table, plane, workspace),
      );
      return { width, height, channels, icc, strips: decode(header, colour, readers, workspace) };
    },
  };
}

function bufferSizes(header: TiffHeader, { channels, createConvert }: Colour) {
  const { width, height, samples } = header;
  const rows = Math.min(STRIP_ROWS, height);
  const pixels = rows * width;
  const isDirect = isDeliveredAsStored(header, createConvert);
  return {
    packed: rows * packedRowBytes(width, describePacking(header)),
    unpacked: isDirect ? 0 : pixels * samples,
    target: createConvert ? pixels * channels : 0,
  };
}

const isDeliveredAsStored = (header: TiffHeader, convert: Colour["createConvert"]): boolean =>
  !convert && header.bits === 8 && !header.planar;

/** Upper bound, in bytes. */
function decodeMemory(header: TiffHeader, colour: Colour): number {
  const { packed, unpacked, target } = bufferSizes(header, colour);
  const conversion = colour.createConvert ? conversionBytes(header, header.width * STRIP_ROWS) : 0;
  return segmentMemory(header) + packed + unpacked + target + conversion;
}

async function* decode(
  header: TiffHeader,
  colour: Colour,
  readers: readonly RowReader[],
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { width, height, samples, palette, planar } = header;
  const packing = describePacking(header);
  const rowBytes = packedRowBytes(width, packing);
  const sizes = bufferSizes(header, colour);
  const packed = workspace.allocate(sizes.packed);
  const unpacked = workspace.allocate(sizes.unpacked);
  const target = workspace.allocate(sizes.target);
  const convert = await colour.createConvert?.(width * STRIP_ROWS, workspace);
  const isDirect = isDeliveredAsStored(header, colour.createConvert);
  const stride = planar ? samples : 1;
  try {
    for (let y = 0; y < height; y += STRIP_ROWS) {
      const rows = Math.min(STRIP_ROWS, height - y);
      const part = packed.subarray(0, rows * rowBytes);
      for (const [plane, reader] of readers.entries()) {
        await reader.read(part);
        if (isDirect) continue;
        unpack(part, rows, width, packing, palette !== null, unpacked, { start: plane, stride });
      }
      if (isDirect) {
        yield { y, rows, data: part };
        continue;
      }
      convert?.(unpacked, target, rows * width);
      const data = convert ? target : unpacked;
      yield { y, rows, data: data.subarray(0, rows * width * colour.channels) };
    }
  } finally {
    for (const reader of readers) await reader.close();
  }
}
