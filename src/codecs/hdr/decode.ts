/**
 * Radiance's RGBE → rows of 8 bits. No exposure is guessed.
 */
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Source, type Strip } from "../../pipeline/picture.ts";
import { byteWindowBytes, openByteWindow, type ByteWindow } from "../byte-window.ts";
import { encodeLight, LIGHT_CUT_OFF } from "../light.ts";
import { damaged, readHeader, truncated, type HdrHeader } from "./header.ts";

const PIXEL_BYTES = 4;
/** A run's length and its byte, for each of a pixel's four at worst, and what a row begins with. */
const rowInputBytes = (width: number): number => width * PIXEL_BYTES * 2 + 4;
/** Rows of other widths are never coded by planes. */
const [MIN_PLANAR_WIDTH, MAX_PLANAR_WIDTH] = [8, 32_767];
const TABLE_BYTES = 256 * 256;

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openHdr(bytes: ByteSource): Promise<Source> {
  const header = await readHeader(bytes);
  const { width, height } = header;
  return {
    format: "hdr",
    ...{ width, height, channels: 3, icc: null, depth: 32, orientation: 1 },
    metadata: { icc: null, exif: null, xmp: null },
    ...{ frames: 1, pages: 1, warnings: [LIGHT_CUT_OFF], scales: [1] },
    memory: () =>
      byteWindowBytes(rowInputBytes(width)) + TABLE_BYTES + width * (PIXEL_BYTES + 3 * STRIP_ROWS),
    picture: (_plan, workspace) =>
      Promise.resolve({
        ...{ width, height, channels: 3, icc: null },
        strips: decode(bytes, header, workspace),
      }),
  };
}

async function* decode(
  bytes: ByteSource,
  { width, height, dataOffset }: HdrHeader,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const window = await openByteWindow(bytes, dataOffset, rowInputBytes(width), workspace);
  const rgbe = workspace.allocate(width * PIXEL_BYTES);
  const strip = workspace.allocate(width * 3 * STRIP_ROWS);
  const toSrgb = createToSrgb(workspace);
  try {
    for (let y = 0; y < height; y += STRIP_ROWS) {
      const rows = Math.min(STRIP_ROWS, height - y);
      for (let row = 0; row < rows; row++) {
        if (!window.isReady()) await window.fill();
        readRow(window, rgbe, width);
        if (window.at > window.end) throw truncated();
        toSrgb(rgbe, strip.subarray(row * width * 3, (row + 1) * width * 3));
      }
      yield { y, rows, data: strip.subarray(0, rows * width * 3) };
    }
  } finally {
    await window.close();
  }
}

/** Reads a row, whichever way it is coded. */
function readRow(window: ByteWindow, rgbe: Uint8Array, width: number): void {
  const { bytes, at } = window;
  const isPlanar =
    width >= MIN_PLANAR_WIDTH &&
    width <= MAX_PLANAR_WIDTH &&
    bytes[at] === 2 &&
    bytes[at + 1] === 2 &&
    (bytes[at + 2] as number) < 128;
  if (!isPlanar) return readPixels(window, rgbe);
  if ((((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) !== width) {
    throw damaged("A row of the HDR file has another length.");
  }
  window.at += 4;
  for (let plane = 0; plane < PIXEL_BYTES; plane++) readPlane(window, rgbe, plane);
}

/** All reds, or all greens…: runs and bytes as they are. */
function readPlane(window: ByteWindow, rgbe: Uint8Array, plane: number): void {
  const { bytes } = window;
  let { at } = window;
  for (let to = plane; to < rgbe.length;) {
    const head = bytes[at++] as number;
    const isRun = head > 128;
    const end = to + (isRun ? head - 128 : head) * PIXEL_BYTES;
    if (head === 0 && at <= window.end) throw damaged("The HDR file's data are damaged.");
    if (at > window.end) throw truncated();
    if (end > rgbe.length + plane) throw damaged("The HDR file's data are damaged.");
    for (; to < end; to += PIXEL_BYTES) rgbe[to] = bytes[isRun ? at : at++] as number;
    if (isRun) at++;
  }
  window.at = at;
}

/** Pixels one by one; 1, 1, 1 repeats the one before, and more often where it comes again. */
function readPixels(window: ByteWindow, rgbe: Uint8Array): void {
  const { bytes } = window;
  let { at } = window;
  for (let to = 0, shift = 0; to < rgbe.length; at += PIXEL_BYTES) {
    if (at >= window.end) throw truncated();
    const isRepeat = bytes[at] === 1 && bytes[at + 1] === 1 && bytes[at + 2] === 1;
    if (!isRepeat) {
      rgbe.set(bytes.subarray(at, at + PIXEL_BYTES), to);
      to += PIXEL_BYTES;
      shift = 0;
      continue;
    }
    const count = (bytes[at + 3] as number) * 2 ** shift;
    const end = to + count * PIXEL_BYTES;
    if (to === 0 || shift > 24 || end > rgbe.length) {
      throw damaged("The HDR file's data are damaged.");
    }
    for (; to < end; to++) rgbe[to] = rgbe[to - PIXEL_BYTES] as number;
    shift += 8;
  }
  window.at = at;
}

/** Mantissas and exponents by a table of all there are. */
function createToSrgb(workspace: Workspace): (rgbe: Uint8Array, rgb: Uint8Array) => void {
  const table = workspace.allocate(TABLE_BYTES);
  for (let exponent = 1; exponent < 256; exponent++) {
    const unit = 2 ** (exponent - 128 - 8);
    for (let mantissa = 0; mantissa < 256; mantissa++) {
      table[(exponent << 8) | mantissa] = encodeLight(mantissa * unit);
    }
  }
  return (rgbe, rgb) => {
    for (let from = 0, to = 0; from < rgbe.length; from += PIXEL_BYTES, to += 3) {
      const exponent = (rgbe[from + 3] as number) << 8;
      rgb[to] = table[exponent | (rgbe[from] as number)] as number;
      rgb[to + 1] = table[exponent | (rgbe[from + 1] as number)] as number;
      rgb[to + 2] = table[exponent | (rgbe[from + 2] as number)] as number;
    }
  };
}
