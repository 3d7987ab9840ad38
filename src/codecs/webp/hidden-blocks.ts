/** Which parts of a frame need not be painted, since they are as before. */
import {
  canLieOver,
  findHiddenPixels,
  type Hiding,
  type ShownFrame,
} from "../animation/shown-frames.ts";

/** A macroblock's side; lossless pictures leave out single pixels. */
const BLOCK = 16;

/** Share of the blocks from which leaving out pays for transparency. */
const LEAST_SHARE = 0.1;

/** Null where the frame should be, or must be, painted as a whole, over nothing. */
export function findHidden(frame: ShownFrame, lossless: boolean): Hiding | null {
  return lossless ? findHiddenPixels(frame) : findBlocks(frame);
}

function findBlocks({ before, after, rect }: ShownFrame): Hiding | null {
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
  if (isPainted.length - painted < LEAST_SHARE * isPainted.length) return null;
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
