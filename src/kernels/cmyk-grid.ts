/** What the kernel that converts inks interpolates in. */

/** Points along each ink. */
export const CMYK_POINTS = 17;

/**
 * What the grid holds of 255. Weights sum up to 256, too, which leaves products within 31 bits.
 */
export const CMYK_GRID_SCALE = 256;

/** Red, green and blue of sRGB of each point, cyan varying slowest and black fastest. */
export type CmykGrid = Uint16Array;
