// What `planarToRgb` is told, as 32-bit numbers from the job's address on; shared with planar.ts.
export const LUMA = 0;
export const CB = 4;
export const CR = 8;
/** One byte a pixel; 0 where the target has none. */
export const ALPHA = 12;
/** Bytes from row to row. */
export const LUMA_STRIDE = 16;
export const CHROMA_STRIDE = 20;
export const ALPHA_STRIDE = 24;
/** Whether samples have two bytes. */
export const WIDE = 28;
/** Whether a chroma sample serves two columns, two rows. */
export const HALF_COLUMNS = 32;
export const HALF_ROWS = 36;
export const WIDTH = 40;
export const ROWS = 44;
export const TARGET = 48;
export const TARGET_STRIDE = 52;
/** For red, green and blue: what luma, Cb and Cr count, and what is added; fractions of 65536. */
export const MATRIX = 56;
/** Room for four pixels. */
export const SCRATCH = 112;
export const JOB_BYTES = 128;
