/** Transparency beside the colours it belongs to: deflated while they are encoded, written after. */
import { constants, deflateRawSync } from "node:zlib";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo, Strip } from "../../pipeline/picture.ts";

const ROWS = 16;
/** Of masks as of noise; others are far smaller. */
const MAX_HELD_BYTES = 24 * 1024 * 1024;
const ADLER_BASE = 65_521;
/** Sums that stay whole numbers below 2^32. */
const ADLER_RUN = 3800;

export interface SoftMask {
  /** The picture without its transparency; iterate it to its end first. */
  colours: Picture;
  /** The mask as a zlib stream. */
  deflated(): Uint8Array[];
}

/** Upper bound, in bytes. */
export function softMaskMemory({ width, height }: PictureInfo): number {
  return Math.min(width * height * 1.01 + 4096, MAX_HELD_BYTES) + 5 * ROWS * width + 512 * 1024;
}

/** @param picture RGBA. @throws AppError memory_limit while iterating */
export function splitMask(picture: Picture, workspace: Workspace): SoftMask {
  const { width, height } = picture;
  const held: Uint8Array[] = [Uint8Array.of(0x78, 0x9c)];
  const sums = { a: 1, b: 0 };

  async function* colours(): AsyncGenerator<Strip, void, undefined> {
    const rgb = workspace.allocate(Math.min(ROWS, height) * width * 3);
    const alpha = workspace.allocate(Math.min(ROWS, height) * width);
    for await (const { y, rows, data } of picture.strips) {
      for (let row = 0; row < rows; row += ROWS) {
        const count = Math.min(ROWS, rows - row);
        const pixels = count * width;
        const first = row * width * 4;
        for (let i = 0, from = first, to = 0; i < pixels; i++, from += 4, to += 3) {
          rgb[to] = data[from] as number;
          rgb[to + 1] = data[from + 1] as number;
          rgb[to + 2] = data[from + 2] as number;
          alpha[i] = data[from + 3] as number;
        }
        const mask = alpha.subarray(0, pixels);
        addAdler(sums, mask);
        const part = deflateRawSync(mask, { level: 6, finishFlush: constants.Z_FULL_FLUSH });
        const kept = workspace.allocate(part.length);
        kept.set(part);
        held.push(kept);
        yield { y: y + row, rows: count, data: rgb.subarray(0, pixels * 3) };
      }
    }
  }

  return {
    colours: { width, height, channels: 3, icc: picture.icc, strips: colours() },
    deflated: () => {
      const end = new Uint8Array(6);
      // An empty last block, and the checksum.
      end.set([0x03, 0x00]);
      new DataView(end.buffer).setUint32(2, ((sums.b << 16) | sums.a) >>> 0);
      return [...held, end];
    },
  };
}

/** RFC 1950, section 8. */
function addAdler(sums: { a: number; b: number }, bytes: Uint8Array): void {
  let { a, b } = sums;
  for (let start = 0; start < bytes.length; start += ADLER_RUN) {
    const end = Math.min(start + ADLER_RUN, bytes.length);
    for (let i = start; i < end; i++) {
      a += bytes[i] as number;
      b += a;
    }
    a %= ADLER_BASE;
    b %= ADLER_BASE;
  }
  sums.a = a;
  sums.b = b;
}
