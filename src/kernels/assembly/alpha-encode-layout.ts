// Where the encoder of transparency keeps what, as byte offsets, for kernel and host.

/** i32: pixels a row. */
export const WIDTH = 0;
/** i32: rows so far. */
export const ROWS_DONE = 4;
/** i32: where the last call stopped in the tokens. */
export const TOKENS_AT = 8;
/** i32: bits that wait; u64: the bits, the oldest lowest. */
export const BIT_COUNT = 12;
export const BITS = 16;
/** u32[280]: residuals 0 to 255, then prefixes of lengths. */
export const HISTOGRAM = 32;
/** u32[280]: code << 8 | length, the code's first bit lowest. */
export const CODES = 1152;
export const SYMBOLS = 280;
export const FIRST_LENGTH = 256;
/** Four rows of `width` bytes, each as below: alpha above, residuals above, alpha, residuals. */
export const ROWS = 2272;
export const ROW_SLACK_BYTES = 16;

/** More than a row of width 1 takes beyond 2 bytes a pixel. */
export const OUTPUT_SLACK_BYTES = 16;
