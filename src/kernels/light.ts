/** The tables between bytes and linear light that `resample` works with. */

/** Full light: what 255 is with 6 fractional bits. The darkest bytes of sRGB are 5 steps apart. */
export const LIGHT_ONE = 255 << 6;

/** Bytes of one channel's table back, padded. */
export const LIGHT_ENTRIES = 16_384;

/** One channel after the other, alpha left out. */
export interface LightTables {
  /** The light of each of 256 values, 0 to LIGHT_ONE. */
  toLight: Uint16Array;
  /** The value of each light; LIGHT_ENTRIES a channel. */
  fromLight: Uint8Array;
}
