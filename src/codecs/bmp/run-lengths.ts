/**
 * RLE4 and RLE8 (Microsoft's "Bitmap Compression"): runs of palette indices from the picture's last
 * row up. All of them are kept, a byte each, since the first row comes last.
 */
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Strip } from "../../pipeline/picture.ts";
import { damaged, truncated } from "./failures.ts";
import type { BmpHeader } from "./header.ts";
import { createLookUp, type Layout } from "./layout.ts";

const BLOCK_BYTES = 1024 * 1024;
/** The longest code: 255 indices of a byte behind their count, and one byte to make them even. */
const MAX_CODE_BYTES = 258;

/** What a 0 in place of a run's length announces; from 3 on it is a number of literal indices. */
const ESCAPES = { endOfRow: 0, endOfPicture: 1, move: 2 } as const;

/** Upper bound, in bytes. */
export function runLengthMemory({ width, height }: BmpHeader, { channels }: Layout): number {
  return width * height + STRIP_ROWS * width * channels + 2 * BLOCK_BYTES;
}

/**
 * Pixels that no run sets have the palette's first colour. What a run has beyond its row's end is
 * dropped, as in most decoders; runs above the first row are an error.
 * @throws AppError invalid_image, truncated_image
 */
export async function* readRunLengths(
  bytes: ByteSource,
  header: BmpHeader,
  { channels }: Layout,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { width, height, palette } = header;
  const indices = workspace.allocate(width * height);
  await decodeAll(bytes, header, indices);
  const buffer = workspace.allocate(Math.min(STRIP_ROWS, height) * width * channels);
  const lookUp = createLookUp(palette, channels === 1 ? 1 : 3);
  for (let y = 0; y < height; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - y);
    const data = buffer.subarray(0, rows * width * channels);
    lookUp(indices.subarray(y * width, (y + rows) * width), 8, data);
    yield { y, rows, data };
  }
}

async function decodeAll(bytes: ByteSource, header: BmpHeader, indices: Uint8Array): Promise<void> {
  const decoder = createDecoder(header, indices);
  let offset = header.dataOffset;
  while (!decoder.isComplete()) {
    const block = await bytes.read(offset, BLOCK_BYTES);
    const isLast = offset + block.length >= bytes.size;
    const taken = decoder.decode(block, isLast);
    offset += taken;
    if (taken === 0 || offset >= bytes.size) break;
  }
  if (!decoder.isComplete()) throw truncated();
}

function createDecoder({ width, height, bits }: BmpHeader, indices: Uint8Array) {
  const isNibbles = bits === 4;
  let x = 0;
  /** From the bottom. */
  let row = 0;
  let ended = false;

  /** A run of one index, or of two in turn. */
  const fill = (count: number, value: number): void => {
    const start = (height - 1 - row) * width;
    const end = Math.min(x + count, width);
    if (isNibbles) {
      for (let i = x; i < end; i++)
        indices[start + i] = ((i - x) & 1) === 0 ? value >> 4 : value & 15;
    } else {
      indices.fill(value, start + x, start + end);
    }
    x = end;
  };

  const copy = (count: number, source: Uint8Array, at: number): void => {
    const start = (height - 1 - row) * width;
    const end = Math.min(x + count, width);
    for (let i = x; i < end; i++) {
      const k = i - x;
      indices[start + i] = isNibbles
        ? ((source[at + (k >> 1)] as number) >> ((k & 1) === 0 ? 4 : 0)) & 15
        : (source[at + k] as number);
    }
    x = end;
  };

  const requireRow = (): void => {
    if (row >= height) throw damaged("The BMP has more rows than its header says.");
  };

  return {
    /** Some writers leave out the end's mark. */
    isComplete: (): boolean => ended || row >= height || (row === height - 1 && x >= width),

    /** Takes whole codes only. @returns how many bytes were taken */
    decode(source: Uint8Array, isLast: boolean): number {
      const limit = isLast ? source.length : source.length - MAX_CODE_BYTES;
      let at = 0;
      while (at + 2 <= limit && !ended) {
        const count = source[at] as number;
        const value = source[at + 1] as number;
        if (count > 0) {
          requireRow();
          fill(count, value);
          at += 2;
        } else if (value === ESCAPES.endOfRow) {
          x = 0;
          row++;
          at += 2;
        } else if (value === ESCAPES.endOfPicture) {
          ended = true;
          at += 2;
        } else if (value === ESCAPES.move) {
          if (at + 4 > source.length) break;
          x = Math.min(x + (source[at + 2] as number), width);
          row += source[at + 3] as number;
          at += 4;
        } else {
          const dataBytes = isNibbles ? (value + 1) >> 1 : value;
          if (at + 2 + dataBytes > source.length) break;
          requireRow();
          copy(value, source, at + 2);
          at += 2 + dataBytes + (dataBytes & 1);
        }
      }
      return Math.min(at, source.length);
    },
  };
}
