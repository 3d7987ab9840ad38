/** The colours of a picture, as long as they are few enough for a palette to hold them all. */

export const MAX_COLOURS = 256;
/** Four times the colours, so that probing stays short. */
const SLOT_BITS = 10;
const SLOTS = 1 << SLOT_BITS;
const SPREAD = 0x9e37_79b1;

export class ColourSet {
  /** Index + 1; 0 is free. */
  readonly #slots = new Uint16Array(SLOTS);
  readonly #keys = new Int32Array(MAX_COLOURS);
  /** How many there are; above MAX_COLOURS there are more than were counted. */
  size = 0;

  /** RGB triples in the order they were found. */
  get colours(): Uint8Array {
    const colours = new Uint8Array(this.#count * 3);
    this.#keys.subarray(0, this.#count).forEach((key, i) => {
      colours.set([(key >> 16) & 255, (key >> 8) & 255, key & 255], i * 3);
    });
    return colours;
  }

  /**
   * The same colours in an order that no file decides: what a file hides in the order of its indices
   * is not carried on.
   * @returns with the new index of each
   */
  sorted(): { set: ColourSet; places: Uint8Array } {
    const set = new ColourSet();
    const keys = this.#keys.subarray(0, this.#count);
    for (const key of keys.toSorted()) set.add(key);
    return { set, places: Uint8Array.from(keys, (key) => set.add(key)) };
  }

  /** The highest byte of each. */
  get alphas(): Uint8Array {
    return Uint8Array.from(this.#keys.subarray(0, this.#count), (key) => key >>> 24);
  }

  get #count(): number {
    return Math.min(this.size, MAX_COLOURS);
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

  /** @param colour as (alpha << 24) | (red << 16) | (green << 8) | blue; @returns its index */
  add(colour: number): number {
    let slot = Math.imul(colour, SPREAD) >>> (32 - SLOT_BITS);
    for (let found = this.#slots[slot]; found; found = this.#slots[slot]) {
      if (this.#keys[found - 1] === colour) return found - 1;
      slot = (slot + 1) & (SLOTS - 1);
    }
    if (this.size < MAX_COLOURS) {
      this.#keys[this.size] = colour;
      this.#slots[slot] = this.size + 1;
    }
    return this.size++;
  }
}
