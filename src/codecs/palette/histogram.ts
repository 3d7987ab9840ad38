/**
 * How often which colour occurs, in cells of a few colours each, with the mean of what fell in it.
 * Colours are RGB, or RGB premultiplied with alpha, where distance is what an eye can see of it.
 */

export type ColourChannels = 3 | 4;

/** Of each channel: what tells cells apart. */
const CELL_BITS = { 3: [6, 6, 6], 4: [5, 5, 5, 4] } as const;

export const CELLS = { 3: 1 << 18, 4: 1 << 19 } as const;

/** Pixels, then sums of the channels' low bits. */
const members = (channels: ColourChannels): number => channels + 1;

export const histogramBytes = (channels: ColourChannels): number =>
  CELLS[channels] * members(channels) * 4;

/** Where a colour lies: red's bits are the highest. */
export const cellOf3 = (red: number, green: number, blue: number): number =>
  ((red >> 2) << 12) | ((green >> 2) << 6) | (blue >> 2);

/** The same with alpha, whose bits are the lowest. */
export const cellOf4 = (red: number, green: number, blue: number, alpha: number): number =>
  ((red >> 3) << 14) | ((green >> 3) << 9) | ((blue >> 3) << 4) | (alpha >> 4);

/** @returns each channel's bits of the cell's number */
function partsOf(cell: number, channels: ColourChannels): number[] {
  let rest = cell;
  return CELL_BITS[channels]
    .toReversed()
    .map((bits) => {
      const part = rest & ((1 << bits) - 1);
      rest >>= bits;
      return part;
    })
    .toReversed();
}

/** The colour in the middle of a cell. */
export function centreOf(cell: number, channels: ColourChannels): number[] {
  return partsOf(cell, channels).map((part, c) => {
    const low = 8 - (CELL_BITS[channels][c] as number);
    return (part << low) | (1 << (low - 1));
  });
}

/** The colours that occur: means of cells and how many pixels each stands for. */
export interface Samples {
  channels: ColourChannels;
  count: number;
  /** The channels of each. */
  colours: Float32Array;
  weights: Float32Array;
}

/** Bytes of the samples of a picture with so many pixels, at most. */
export const samplesBytes = (pixels: number, channels: ColourChannels): number =>
  Math.min(pixels, CELLS[channels]) * members(channels) * 4;

export class Histogram {
  readonly #cells: Uint32Array;
  readonly #channels: ColourChannels;

  /** @param room `histogramBytes`, zeroed */
  constructor(room: Uint8Array<ArrayBuffer>, channels: ColourChannels) {
    this.#cells = new Uint32Array(room.buffer);
    this.#channels = channels;
  }

  /** Pixels of the histogram's channels. */
  add(pixels: Uint8Array): void {
    if (this.#channels === 3) this.#add3(pixels);
    else this.#add4(pixels);
  }

  #add3(rgb: Uint8Array): void {
    const cells = this.#cells;
    for (let i = 0; i < rgb.length; i += 3) {
      const red = rgb[i] as number;
      const green = rgb[i + 1] as number;
      const blue = rgb[i + 2] as number;
      const at = cellOf3(red, green, blue) * 4;
      (cells[at] as number)++;
      cells[at + 1] = (cells[at + 1] as number) + (red & 3);
      cells[at + 2] = (cells[at + 2] as number) + (green & 3);
      cells[at + 3] = (cells[at + 3] as number) + (blue & 3);
    }
  }

  #add4(rgba: Uint8Array): void {
    const cells = this.#cells;
    for (let i = 0; i < rgba.length; i += 4) {
      const red = rgba[i] as number;
      const green = rgba[i + 1] as number;
      const blue = rgba[i + 2] as number;
      const alpha = rgba[i + 3] as number;
      const at = cellOf4(red, green, blue, alpha) * 5;
      (cells[at] as number)++;
      cells[at + 1] = (cells[at + 1] as number) + (red & 7);
      cells[at + 2] = (cells[at + 2] as number) + (green & 7);
      cells[at + 3] = (cells[at + 3] as number) + (blue & 7);
      cells[at + 4] = (cells[at + 4] as number) + (alpha & 15);
    }
  }

  /** How many samples there will be. */
  countSamples(): number {
    const step = members(this.#channels);
    let count = 0;
    for (let at = 0; at < this.#cells.length; at += step) if (this.#cells[at] !== 0) count++;
    return count;
  }

  /** @param room `samplesBytes` of at least as many pixels as there are samples */
  sample(count: number, room: Uint8Array<ArrayBuffer>): Samples {
    const channels = this.#channels;
    const colours = new Float32Array(room.buffer, 0, count * channels);
    const weights = new Float32Array(room.buffer, count * channels * 4, count);
    const step = members(channels);
    for (let cell = 0, i = 0; cell < CELLS[channels]; cell++) {
      const at = cell * step;
      const pixels = this.#cells[at] as number;
      if (pixels === 0) continue;
      partsOf(cell, channels).forEach((part, c) => {
        const low = (this.#cells[at + 1 + c] as number) / pixels;
        colours[i * channels + c] = (part << (8 - (CELL_BITS[channels][c] as number))) + low;
      });
      weights[i++] = pixels;
    }
    return { channels, count, colours, weights };
  }
}
