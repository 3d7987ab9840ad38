/** QOI → rows, as the file passes by. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Source, type Strip } from "../../pipeline/picture.ts";
import { byteWindowBytes, openByteWindow, type ByteWindow } from "../byte-window.ts";
import {
  damaged,
  DIFF,
  hash,
  HEADER_BYTES,
  INDEX,
  INDEX_SIZE,
  LUMA,
  OPERATION,
  RGB,
  RGBA,
  truncated,
} from "./format.ts";

interface Shape {
  width: number;
  height: number;
  channels: 3 | 4;
}

/** No pixel takes more. */
const PIXEL_BYTES = 5;

/** @throws AppError invalid_image, truncated_image */
export async function openQoi(bytes: ByteSource): Promise<Source> {
  const head = await bytes.read(0, HEADER_BYTES);
  if (head.length < HEADER_BYTES) throw truncated();
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const [width, height, channels] = [view.getUint32(4), view.getUint32(8), view.getUint8(12)];
  if (width === 0 || height === 0) throw damaged("The QOI has no pixels.");
  if (channels !== 3 && channels !== 4) throw damaged(`The QOI has ${channels} channels.`);
  const shape: Shape = { width, height, channels };
  return {
    format: "qoi",
    ...{ ...shape, icc: null, depth: 8, orientation: 1 },
    metadata: { icc: null, exif: null, xmp: null },
    ...{ frames: 1, pages: 1, warnings: [], scales: [1] },
    memory: () => byteWindowBytes(width * PIXEL_BYTES) + stripBytes(shape),
    picture: (_plan, workspace) =>
      Promise.resolve({ ...shape, icc: null, strips: decode(bytes, shape, workspace) }),
  };
}

const stripBytes = ({ width, height, channels }: Shape): number =>
  Math.min(STRIP_ROWS, height) * width * channels;

async function* decode(
  bytes: ByteSource,
  shape: Shape,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { width, height, channels } = shape;
  const window = await openByteWindow(bytes, HEADER_BYTES, width * PIXEL_BYTES, workspace);
  const strip = workspace.allocate(stripBytes(shape));
  const readRow = createRowReader(channels);
  const rowBytes = width * channels;
  try {
    for (let y = 0; y < height; y += STRIP_ROWS) {
      const rows = Math.min(STRIP_ROWS, height - y);
      for (let row = 0; row < rows; row++) {
        if (!window.isReady()) await window.fill();
        readRow(window, strip.subarray(row * rowBytes, (row + 1) * rowBytes));
        if (window.at > window.end) throw truncated();
      }
      yield { y, rows, data: strip.subarray(0, rows * rowBytes) };
    }
  } finally {
    await window.close();
  }
}

/** Keeps the colours seen and the pixel before from row to row. */
function createRowReader(channels: 3 | 4): (window: ByteWindow, row: Uint8Array) => void {
  const seen = new Uint8Array(INDEX_SIZE * 4);
  let [red, green, blue, alpha, run] = [0, 0, 0, 255, 0];
  return (window, row) => {
    const { bytes } = window;
    let { at } = window;
    for (let to = 0; to < row.length; to += channels) {
      if (run > 0) {
        run--;
      } else {
        const byte = bytes[at++] as number;
        const operation = byte & OPERATION;
        if (byte === RGB || byte === RGBA) {
          red = bytes[at++] as number;
          green = bytes[at++] as number;
          blue = bytes[at++] as number;
          if (byte === RGBA) alpha = bytes[at++] as number;
        } else if (operation === INDEX) {
          red = seen[byte * 4] as number;
          green = seen[byte * 4 + 1] as number;
          blue = seen[byte * 4 + 2] as number;
          alpha = seen[byte * 4 + 3] as number;
        } else if (operation === DIFF) {
          red = (red + ((byte >> 4) & 3) - 2) & 255;
          green = (green + ((byte >> 2) & 3) - 2) & 255;
          blue = (blue + (byte & 3) - 2) & 255;
        } else if (operation === LUMA) {
          const second = bytes[at++] as number;
          const change = (byte & 63) - 32;
          red = (red + change - 8 + (second >> 4)) & 255;
          green = (green + change) & 255;
          blue = (blue + change - 8 + (second & 15)) & 255;
        } else {
          run = byte & 63;
        }
        const place = hash(red, green, blue, alpha) * 4;
        seen[place] = red;
        seen[place + 1] = green;
        seen[place + 2] = blue;
        seen[place + 3] = alpha;
      }
      row[to] = red;
      row[to + 1] = green;
      row[to + 2] = blue;
      if (channels === 4) row[to + 3] = alpha;
    }
    window.at = at;
  };
}
