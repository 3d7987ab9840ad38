/**
 * Colours → indices of a palette that has not all of them, with what a pixel is off spread over its
 * neighbours (Floyd and Steinberg, 1976), every other row from the right so that no pattern leans.
 */
import { CELLS, cellOf, centreOf } from "./histogram.ts";
import { nearest } from "./quantise.ts";

/**
 * Share of the error that is spread: half of it breaks up the bands of smooth gradients, all of it
 * would cost photos 4 dB and make files a tenth larger (measured).
 */
const STRENGTH = 0.5;

const UNKNOWN = 0xffff;

/** Bytes that `dither` holds: what is nearest to each cell, and two rows of errors. */
export const ditherBytes = (width: number): number => CELLS * 2 + 2 * errorRowBytes(width);

/** Three channels, and a pixel beyond each end. */
const errorRowBytes = (width: number): number => (width + 2) * 3 * 4;

/**
 * In place: the indices come to lie at the start of `rgb`.
 * @param isTransparent whether pixel number i is not to be painted; null where all are
 * @param room `ditherBytes`, zeroed
 */
export function dither(
  rgb: Uint8Array,
  { width, height }: { width: number; height: number },
  palette: Uint8Array,
  transparent: { index: number; isTransparent(pixel: number): boolean } | null,
  room: Uint8Array<ArrayBuffer>,
): void {
  const nearestOfCell = new Uint16Array(room.buffer, 0, CELLS).fill(UNKNOWN);
  const rowLength = (width + 2) * 3;
  let below = new Float32Array(room.buffer, CELLS * 2, rowLength);
  let current = new Float32Array(room.buffer, CELLS * 2 + rowLength * 4, rowLength);
  for (let y = 0; y < height; y++) {
    [current, below] = [below, current];
    below.fill(0);
    // The indices written so far end before the row that is read: only its own may overlap it, and
    // these do so from the left alone, in the first row.
    const step = y % 2 === 0 ? 1 : -1;
    let pixel = y * width + (step > 0 ? 0 : width - 1);
    let at = (step > 0 ? 1 : width) * 3;
    const ahead = step * 3;
    for (let x = 0; x < width; x++, pixel += step, at += ahead) {
      if (transparent?.isTransparent(pixel)) {
        rgb[pixel] = transparent.index;
        continue;
      }
      const red = clamp((rgb[pixel * 3] as number) + (current[at] as number));
      const green = clamp((rgb[pixel * 3 + 1] as number) + (current[at + 1] as number));
      const blue = clamp((rgb[pixel * 3 + 2] as number) + (current[at + 2] as number));
      const cell = cellOf(red, green, blue);
      let index = nearestOfCell[cell] as number;
      if (index === UNKNOWN) {
        const centre = centreOf(cell);
        index = nearest(palette, centre >> 16, (centre >> 8) & 255, centre & 255);
        nearestOfCell[cell] = index;
      }
      rgb[pixel] = index;
      spread(current, below, at, ahead, red - (palette[index * 3] as number));
      spread(current, below, at + 1, ahead, green - (palette[index * 3 + 1] as number));
      spread(current, below, at + 2, ahead, blue - (palette[index * 3 + 2] as number));
    }
  }
}

const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

/** 7/16 to the next pixel, 3/16, 5/16 and 1/16 to those below. */
function spread(
  current: Float32Array,
  below: Float32Array,
  at: number,
  ahead: number,
  error: number,
): void {
  const sixteenth = (error * STRENGTH) / 16;
  current[at + ahead] = (current[at + ahead] as number) + 7 * sixteenth;
  below[at - ahead] = (below[at - ahead] as number) + 3 * sixteenth;
  below[at] = (below[at] as number) + 5 * sixteenth;
  below[at + ahead] = (below[at + ahead] as number) + sixteenth;
}
