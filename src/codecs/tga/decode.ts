/** TGA → rows. Files from the last row up are read backwards, or kept where runs forbid that. */
import { slice, type ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Channels, type Source, type Strip } from "../../pipeline/picture.ts";
import { byteWindowBytes, openByteWindow, type ByteWindow } from "../byte-window.ts";
import { damaged, EXPANDS, KINDS, readHeader, truncated, type TgaHeader } from "./header.ts";

/** What is read at a time of files without runs. */
const READ_BYTES = 256 * 1024;

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openTga(bytes: ByteSource): Promise<Source> {
  const header = await readHeader(bytes);
  const { width, height, kind, hasAlpha } = header;
  const channels = kind === KINDS.gray ? 1 : hasAlpha ? 4 : 3;
  const stored = storedRowBytes(header) * height;
  if (!header.hasRuns && header.dataOffset + stored > bytes.size) throw truncated();
  return {
    format: "tga",
    ...{ width, height, channels, icc: null, depth: 8, orientation: 1 },
    metadata: { icc: null, exif: null, xmp: null },
    ...{ frames: 1, pages: 1, warnings: [], scales: [1] },
    memory: () => rowsBytes(header) + STRIP_ROWS * width * channels,
    picture: async (_plan, workspace) => ({
      ...{ width, height, channels, icc: null },
      strips: decode(header, await openRows(bytes, header, workspace), channels, workspace),
    }),
  };
}

const storedRowBytes = ({ width, pixelBytes }: TgaHeader): number => width * pixelBytes;

/** Rows of stored pixels from the picture's first to its last. */
interface Rows {
  /** Valid until the next call. */
  read(y: number): Promise<Uint8Array> | Uint8Array;
  close(): Promise<void>;
}

const isKept = ({ hasRuns, topDown }: TgaHeader): boolean => hasRuns && !topDown;

/** A packet's head before each pixel. */
const runInputBytes = (header: TgaHeader): number =>
  header.width + storedRowBytes(header) + header.pixelBytes;

const rowsAtOnce = (header: TgaHeader): number =>
  Math.min(header.height, Math.max(1, Math.floor(READ_BYTES / storedRowBytes(header))));

function rowsBytes(header: TgaHeader): number {
  const rowBytes = storedRowBytes(header);
  if (!header.hasRuns) return 2 * rowsAtOnce(header) * rowBytes;
  const kept = isKept(header) ? header.height : 1;
  return byteWindowBytes(runInputBytes(header)) + kept * rowBytes;
}

async function openRows(bytes: ByteSource, header: TgaHeader, workspace: Workspace): Promise<Rows> {
  if (!header.hasRuns) return createPlainRows(bytes, header);
  const { dataOffset, height } = header;
  const rowBytes = storedRowBytes(header);
  const window = await openByteWindow(bytes, dataOffset, runInputBytes(header), workspace);
  const readRow = createRunReader(header);
  const readNext = async (row: Uint8Array) => {
    if (!window.isReady()) await window.fill();
    readRow(window, row);
    if (window.at > window.end) throw truncated();
    return row;
  };
  const close = () => window.close();
  const buffer = workspace.allocate((isKept(header) ? height : 1) * rowBytes);
  if (!isKept(header)) return { read: () => readNext(buffer), close };
  const rowAt = (y: number) => buffer.subarray(y * rowBytes, (y + 1) * rowBytes);
  for (let y = height - 1; y >= 0; y--) await readNext(rowAt(y));
  return { read: rowAt, close };
}

function createPlainRows(bytes: ByteSource, header: TgaHeader): Rows {
  const { dataOffset, height, topDown } = header;
  const rowBytes = storedRowBytes(header);
  const pixels = slice(bytes, dataOffset, rowBytes * height);
  const atOnce = rowsAtOnce(header);
  let [first, rows] = [0, new Uint8Array(0) as Uint8Array];
  return {
    async read(y) {
      const stored = topDown ? y : height - 1 - y;
      const isThere = stored >= first && (stored + 1 - first) * rowBytes <= rows.length;
      if (!isThere) {
        first = topDown ? stored : Math.max(0, stored + 1 - atOnce);
        const wanted = Math.min(atOnce, height - first) * rowBytes;
        rows = await pixels.read(first * rowBytes, wanted);
        if (rows.length < wanted) throw truncated();
      }
      return rows.subarray((stored - first) * rowBytes, (stored - first + 1) * rowBytes);
    },
    close: () => Promise.resolve(),
  };
}

/** Packets may go on into the next row, against the standard. */
function createRunReader({ pixelBytes }: TgaHeader): (window: ByteWindow, row: Uint8Array) => void {
  const pixel = new Uint8Array(4);
  let [left, isRun] = [0, false];
  return (window, row) => {
    const { bytes } = window;
    for (let to = 0; to < row.length;) {
      if (left === 0) {
        const head = bytes[window.at++] as number;
        left = (head & 127) + 1;
        isRun = head > 127;
        if (isRun) {
          pixel.set(bytes.subarray(window.at, window.at + pixelBytes));
          window.at += pixelBytes;
        }
      }
      if (window.at > window.end) throw truncated();
      const count = Math.min(left, (row.length - to) / pixelBytes);
      const end = to + count * pixelBytes;
      if (isRun) {
        for (let i = 0; to < end; to++, i = i + 1 === pixelBytes ? 0 : i + 1) {
          row[to] = pixel[i] as number;
        }
      } else {
        row.set(bytes.subarray(window.at, window.at + end - to), to);
        window.at += end - to;
        to = end;
      }
      left -= count;
    }
  };
}

async function* decode(
  header: TgaHeader,
  rows: Rows,
  channels: Channels,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { width, height } = header;
  const rowBytes = width * channels;
  const strip = workspace.allocate(STRIP_ROWS * rowBytes);
  const expandRow = createExpander(header, channels);
  try {
    for (let y = 0; y < height; y += STRIP_ROWS) {
      const count = Math.min(STRIP_ROWS, height - y);
      for (let row = 0; row < count; row++) {
        const read = rows.read(y + row);
        const stored = read instanceof Uint8Array ? read : await read;
        const target = strip.subarray(row * rowBytes, (row + 1) * rowBytes);
        expandRow(stored, target);
        if (header.rightToLeft) mirror(target, channels);
      }
      yield { y, rows: count, data: strip.subarray(0, count * rowBytes) };
    }
  } finally {
    await rows.close();
  }
}

function createExpander(
  { kind, pixelBytes, palette }: TgaHeader,
  channels: Channels,
): (stored: Uint8Array, target: Uint8Array) => void {
  if (kind === KINDS.gray) return (stored, target) => target.set(stored);
  if (palette) {
    return (stored, target) => {
      for (let i = 0; i < stored.length; i++) {
        const index = (stored[i] as number) * 4;
        if (palette[index + 3] === 0)
          throw damaged("The TGA has a colour that is not in its palette.");
        target[i * 3] = palette[index] as number;
        target[i * 3 + 1] = palette[index + 1] as number;
        target[i * 3 + 2] = palette[index + 2] as number;
      }
    };
  }
  const expand = EXPANDS[pixelBytes as 2 | 3 | 4];
  return (stored, target) => {
    for (let from = 0, to = 0; from < stored.length; from += pixelBytes, to += channels) {
      expand(stored, from, target, to);
      if (channels < 4) continue;
      const last = stored[from + pixelBytes - 1] as number;
      target[to + 3] = pixelBytes === 4 ? last : last & 128 ? 255 : 0;
    }
  };
}

function mirror(row: Uint8Array, channels: number): void {
  for (let a = 0, b = row.length - channels; a < b; a += channels, b -= channels) {
    for (let c = 0; c < channels; c++) {
      const value = row[a + c] as number;
      row[a + c] = row[b + c] as number;
      row[b + c] = value;
    }
  }
}
