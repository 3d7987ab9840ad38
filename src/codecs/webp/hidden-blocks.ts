/** Which parts of a frame need not be painted, since they are as before. */
import { canLieOver, type ShownFrame } from "../animation/shown-frames.ts";

/** A macroblock's side; lossless pictures leave out single pixels. */
const BLOCK = 16;

/** Shares of the rectangle from which leaving out pays for transparency, as measured. */
const LEAST_SHARE = { lossy: 0.1, lossless: 0.3 };

export interface HiddenBlocks {
  /**
   * Makes what is not painted of a row of RGBA transparent.
   * @param row of the rectangle
   */
  hide(row: number, after: Uint32Array, before: Uint32Array, rgba: Uint8Array): void;
}

/** Null where the frame should be, or must be, painted as a whole, over nothing. */
export function findHidden(frame: ShownFrame, lossless: boolean): HiddenBlocks | null {
  return lossless ? findPixels(frame) : findBlocks(frame);
}

function findPixels({ before, after, rect }: ShownFrame): HiddenBlocks | null {
  const { width } = after;
  let same = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    for (let at = y * width + rect.x; at < y * width + rect.x + rect.width; at++) {
      const [old, now] = [before.words[at] as number, after.words[at] as number];
      if (old === now) same++;
      else if (!canLieOver(old, now)) return null;
    }
  }
  if (same < LEAST_SHARE.lossless * rect.width * rect.height) return null;
  return {
    hide(_row, now, old, rgba) {
      for (let i = 0; i < now.length; i++) if (now[i] === old[i]) rgba.fill(0, i * 4, i * 4 + 4);
    },
  };
}

function findBlocks({ before, after, rect }: ShownFrame): HiddenBlocks | null {
  const columns = Math.ceil(rect.width / BLOCK);
  const rows = Math.ceil(rect.height / BLOCK);
  const isPainted = new Uint8Array(columns * rows);
  const { width } = after;
  for (let y = 0; y < rect.height; y++) {
    const start = (rect.y + y) * width + rect.x;
    const blocks = Math.floor(y / BLOCK) * columns;
    for (let x = 0; x < rect.width; x++) {
      if (before.words[start + x] !== after.words[start + x]) isPainted[blocks + (x >> 4)] = 1;
    }
  }
  const painted = isPainted.reduce((sum, value) => sum + value, 0);
  if (isPainted.length - painted < LEAST_SHARE.lossy * isPainted.length) return null;
  for (let y = 0; y < rect.height; y++) {
    const start = (rect.y + y) * width + rect.x;
    const blocks = Math.floor(y / BLOCK) * columns;
    for (let x = 0; x < rect.width; x++) {
      if (isPainted[blocks + (x >> 4)] === 0) continue;
      if (!canLieOver(before.words[start + x] as number, after.words[start + x] as number)) {
        return null;
      }
    }
  }
  return {
    hide(row, _after, _before, rgba) {
      const blocks = Math.floor(row / BLOCK) * columns;
      for (let block = 0; block < columns; block++) {
        if (isPainted[blocks + block] === 1) continue;
        hideRun(rgba, block * BLOCK * 4, Math.min((block + 1) * BLOCK * 4, rgba.length));
      }
    },
  };
}

/** What is seen through goes on as what is left of it: that takes next to nothing to code. */
function hideRun(rgba: Uint8Array, start: number, end: number): void {
  const [red = 128, green = 128, blue = 128] =
    start === 0 ? [] : rgba.subarray(start - 4, start - 1);
  for (let at = start; at < end; at += 4) {
    rgba[at] = red;
    rgba[at + 1] = green;
    rgba[at + 2] = blue;
    rgba[at + 3] = 0;
  }
}
