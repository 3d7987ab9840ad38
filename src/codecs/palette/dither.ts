/**
 * Colours → indices of a palette that has not all of them, with what a pixel is off spread over its
 * neighbours (Floyd and Steinberg, 1976), every other row from the right so that no pattern leans.
 */
import { CELLS, cellOf3, cellOf4, centreOf, type ColourChannels } from "./histogram.ts";
import { nearest } from "./quantise.ts";

const UNKNOWN = 0xffff;

/** Bytes that `dither` holds: what is nearest to each cell, and two rows of errors. */
export const ditherBytes = (width: number, channels: ColourChannels): number =>
  CELLS[channels] * 2 + 2 * errorRowBytes(width, channels);

/** All channels, and a pixel beyond each end. */
const errorRowBytes = (width: number, channels: ColourChannels): number =>
  (width + 2) * channels * 4;

export interface Pixels {
  width: number;
  height: number;
  channels: ColourChannels;
  data: Uint8Array;
}

/**
 * In place: the indices come to lie at the start of `data`.
 * @param palette of the pixels' channels
 * @param strength share of the error that is spread: half of it breaks up the bands of smooth
 *   gradients, all of it would cost photos 4 dB and make files a tenth larger (measured)
 * @param transparent whether pixel number i is not to be painted; null where all are
 * @param room `ditherBytes`, zeroed
 */
export function dither(
  { width, height, channels, data }: Pixels,
  palette: Uint8Array,
  strength: number,
  transparent: { index: number; isTransparent(pixel: number): boolean } | null,
  room: Uint8Array<ArrayBuffer>,
): void {
  const cells = CELLS[channels];
  const nearestOfCell = new Uint16Array(room.buffer, 0, cells).fill(UNKNOWN);
  const rowBytes = errorRowBytes(width, channels);
  let below = new Float32Array(room.buffer, cells * 2, rowBytes / 4);
  let current = new Float32Array(room.buffer, cells * 2 + rowBytes, rowBytes / 4);
  const hasAlpha = channels === 4;
  const share = strength / 16;
  for (let y = 0; y < height; y++) {
    [current, below] = [below, current];
    below.fill(0);
    // The indices written so far end before the row that is read: only its own may overlap it, and
    // these do so from the left alone, in the first row.
    const step = y % 2 === 0 ? 1 : -1;
    let pixel = y * width + (step > 0 ? 0 : width - 1);
    let at = (step > 0 ? 1 : width) * channels;
    const ahead = step * channels;
    for (let x = 0; x < width; x++, pixel += step, at += ahead) {
      if (transparent?.isTransparent(pixel)) {
        data[pixel] = transparent.index;
        continue;
      }
      const from = pixel * channels;
      const red = clamp((data[from] as number) + (current[at] as number));
      const green = clamp((data[from + 1] as number) + (current[at + 1] as number));
      const blue = clamp((data[from + 2] as number) + (current[at + 2] as number));
      const alpha = hasAlpha ? clamp((data[from + 3] as number) + (current[at + 3] as number)) : 0;
      const cell = hasAlpha ? cellOf4(red, green, blue, alpha) : cellOf3(red, green, blue);
      let index = nearestOfCell[cell] as number;
      if (index === UNKNOWN) {
        index = nearest(palette, centreOf(cell, channels), 0, channels);
        nearestOfCell[cell] = index;
      }
      data[pixel] = index;
      const chosen = index * channels;
      if (share === 0) continue;
      spread(current, below, at, ahead, (red - (palette[chosen] as number)) * share);
      spread(current, below, at + 1, ahead, (green - (palette[chosen + 1] as number)) * share);
      spread(current, below, at + 2, ahead, (blue - (palette[chosen + 2] as number)) * share);
      if (!hasAlpha) continue;
      spread(current, below, at + 3, ahead, (alpha - (palette[chosen + 3] as number)) * share);
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
  sixteenth: number,
): void {
  current[at + ahead] = (current[at + ahead] as number) + 7 * sixteenth;
  below[at - ahead] = (below[at - ahead] as number) + 3 * sixteenth;
  below[at] = (below[at] as number) + 5 * sixteenth;
  below[at + ahead] = (below[at + ahead] as number) + sixteenth;
}
