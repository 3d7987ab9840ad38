/** The colours of a picture, as long as they are few enough for a palette to hold them all. */

export const MAX_COLOURS = 256;
/** Four times the colours, so that probing stays short. */
const SLOT_BITS = 10;
const SLOTS = 1 << SLOT_BITS;
const SPREAD = 0x9e37_79b1;

export class ColourSet {
  readonly #keys = new Int32Array(SLOTS).fill(-1);
  readonly #indices = new Uint8Array(SLOTS);
  readonly #colours = new Uint8Array(MAX_COLOURS * 3);
  /** How many there are; above MAX_COLOURS there are more than were counted. */
  size = 0;

  /** RGB triples in the order they were found. */
  get colours(): Uint8Array {
    return this.#colours.subarray(0, this.size * 3);
  }

  /** Pixels of RGB, as long as their colours are few enough. */
  addAll(rgb: Uint8Array): void {
    let last = -1;
    for (let i = 0; i < rgb.length && this.size <= MAX_COLOURS; i += 3) {
      const colour =
        ((rgb[i] as number) << 16) | ((rgb[i + 1] as number) << 8) | (rgb[i + 2] as number);
      if (colour !== last) this.add(colour);
      last = colour;
    }
  }

  /** @param colour as (red << 16) | (green << 8) | blue; @returns its index */
  add(colour: number): number {
    const keys = this.#keys;
    let slot = Math.imul(colour, SPREAD) >>> (32 - SLOT_BITS);
    for (let found = keys[slot]; found !== -1; found = keys[slot]) {
      if (found === colour) return this.#indices[slot] as number;
      slot = (slot + 1) & (SLOTS - 1);
    }
    if (this.size < MAX_COLOURS) {
      keys[slot] = colour;
      this.#indices[slot] = this.size;
      this.#colours.set([colour >> 16, (colour >> 8) & 255, colour & 255], this.size * 3);
    }
    return this.size++;
  }
}
