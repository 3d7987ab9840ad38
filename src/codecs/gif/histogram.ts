/** How often which colour occurs, in cells of 4×4×4 colours, each with the mean of what fell in it. */

/** Of a channel: what tells cells apart. */
const CELL_BITS = 6;
const LOW_BITS = 8 - CELL_BITS;
const LOW = (1 << LOW_BITS) - 1;
export const CELLS = 1 << (3 * CELL_BITS);
/** Pixels, then sums of the low bits of red, green and blue. */
const MEMBERS = 4;

export const HISTOGRAM_BYTES = CELLS * MEMBERS * 4;

/** Where a colour lies: red's bits are the highest. */
export function cellOf(red: number, green: number, blue: number): number {
  return (
    ((red >> LOW_BITS) << (2 * CELL_BITS)) | ((green >> LOW_BITS) << CELL_BITS) | (blue >> LOW_BITS)
  );
}

/** The colour in the middle of a cell, as (red << 16) | (green << 8) | blue. */
export function centreOf(cell: number): number {
  const mask = (1 << CELL_BITS) - 1;
  const middle = (part: number): number => (part << LOW_BITS) | (1 << (LOW_BITS - 1));
  return (
    (middle(cell >> (2 * CELL_BITS)) << 16) |
    (middle((cell >> CELL_BITS) & mask) << 8) |
    middle(cell & mask)
  );
}

/** The colours that occur: means of cells and how many pixels each stands for. */
export interface Samples {
  count: number;
  /** Red, green and blue of each. */
  colours: Float32Array;
  weights: Float32Array;
}

/** Bytes of the samples of a picture with so many pixels, at most. */
export const samplesBytes = (pixels: number): number => Math.min(pixels, CELLS) * 16;

export class Histogram {
  readonly #cells: Uint32Array;

  /** @param room HISTOGRAM_BYTES, zeroed */
  constructor(room: Uint8Array<ArrayBuffer>) {
    this.#cells = new Uint32Array(room.buffer);
  }

  /** Pixels of RGB. */
  add(rgb: Uint8Array): void {
    const cells = this.#cells;
    for (let i = 0; i < rgb.length; i += 3) {
      const red = rgb[i] as number;
      const green = rgb[i + 1] as number;
      const blue = rgb[i + 2] as number;
      const at = cellOf(red, green, blue) * MEMBERS;
      (cells[at] as number)++;
      cells[at + 1] = (cells[at + 1] as number) + (red & LOW);
      cells[at + 2] = (cells[at + 2] as number) + (green & LOW);
      cells[at + 3] = (cells[at + 3] as number) + (blue & LOW);
    }
  }

  /** How many samples there will be. */
  countSamples(): number {
    let count = 0;
    for (let at = 0; at < this.#cells.length; at += MEMBERS) if (this.#cells[at] !== 0) count++;
    return count;
  }

  /** @param room `samplesBytes` of at least as many pixels as there are samples */
  sample(count: number, room: Uint8Array<ArrayBuffer>): Samples {
    const colours = new Float32Array(room.buffer, 0, count * 3);
    const weights = new Float32Array(room.buffer, count * 12, count);
    const cells = this.#cells;
    const mask = (1 << CELL_BITS) - 1;
    for (let cell = 0, i = 0; cell < CELLS; cell++) {
      const at = cell * MEMBERS;
      const pixels = cells[at] as number;
      if (pixels === 0) continue;
      const mean = (part: number, member: number): number =>
        (part << LOW_BITS) + (cells[at + member] as number) / pixels;
      colours[i * 3] = mean(cell >> (2 * CELL_BITS), 1);
      colours[i * 3 + 1] = mean((cell >> CELL_BITS) & mask, 2);
      colours[i * 3 + 2] = mean(cell & mask, 3);
      weights[i++] = pixels;
    }
    return { count, colours, weights };
  }
}
