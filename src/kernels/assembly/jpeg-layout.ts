// Where the JPEG encoder's state keeps what, as byte offsets. Plain constants, because both the
// kernel (AssemblyScript) and its host (TypeScript) import this file.

/** i32: pixels a row. */
export const WIDTH = 0;
/** i32: one of the layouts below. */
export const LAYOUT = 4;
/** i32: where the last call stopped in the tokens. */
export const TOKENS_AT = 8;
/** i32: how many of BITS are waiting. */
export const BIT_COUNT = 12;
/** u64: bits not written yet, the newest lowest. */
export const BITS = 16;
/** i32 a component. */
export const PREVIOUS_DC = 24;
/** An MCU that the picture's right edge cuts, completed: 16 x 16 RGB. */
export const EDGE = 64;
/** Up to six blocks of 64 i16. */
export const BLOCKS = 832;
/** One block between the passes and after quantisation. */
export const COEFFICIENTS = 1600;
/** u16 8192 / divisor, luma's 64 then chroma's, transposed like the coefficients. */
export const RECIPROCALS = 1856;
/** u8: zigzag position to byte offset in COEFFICIENTS. */
export const ORDER = 2112;
/** u32[256] each: luma DC, luma AC, chroma DC, chroma AC. */
export const HISTOGRAMS = 2176;
/** u32[256] each, in the same order: code << 8 | length. */
export const CODES = 6272;
/** u64[8][256]: nonzero bits of one coefficient vector to their zigzag positions. */
export const MASKS = 10368;
export const STATE_BYTES = 26752;

/** Bytes of one of HISTOGRAMS or CODES. */
export const TABLE_BYTES = 1024;

export const LAYOUT_GRAY = 0;
export const LAYOUT_444 = 1;
export const LAYOUT_420 = 2;

/** More than the tokens of one MCU take: six blocks of 64 coefficients and an end each. */
export const MCU_TOKEN_BYTES = 800;
/** More than one MCU takes when coded, every byte stuffed. */
export const MCU_CODED_BYTES = 4096;
