// Where the VP8 encoder's state keeps what, as byte offsets. Plain constants, because both the
// kernel (AssemblyScript) and its host (TypeScript) import this file.

/** i32: pixels a row. */
export const WIDTH = 0;
/** i32: bytes a pixel, 3 or 4. */
export const CHANNELS = 4;
/** i32: macroblocks a row. */
export const COLUMNS = 8;
/** i32: how many modes of a 4 x 4 block are measured exactly, of those that look best. */
export const CANDIDATES = 12;
/** i32: address of the samples of a row of macroblocks, MACROBLOCK_BYTES each. */
export const SOURCE = 16;
/** i32: address of what the row above left, TOP_BYTES a macroblock and one more. */
export const TOP = 20;
/** i32: where the last call stopped in the tokens. */
export const TOKENS_AT = 24;
/** i32: where the next macroblock's modes go. */
export const MODES_AT = 28;
/** i32: macroblocks without a coefficient so far. */
export const SKIPPED = 32;
/** i32: bits (1/256) that the modes take so far. */
export const MODE_BITS = 36;
/** i32: how dear a bit of 4 x 4 modes is: 256 is a bit of any other kind. */
export const MODE_WEIGHT = 40;
/** i32: not 0 where 4 x 4 modes may be used. */
export const BLOCK_MODES = 44;
/** i32: position of the last level in MAGNITUDES that is not 0, or -1. */
export const LAST = 52;

/** What the macroblock to the left left: NONZERO and BLOCK_MODES_AT as in TOP. */
export const LEFT = 96;

/** Of TOP and LEFT, in a macroblock's bytes: 16 luma samples, 8 of U, 8 of V, ... */
export const TOP_Y = 0;
export const TOP_U = 16;
export const TOP_V = 24;
/** ... which blocks have coefficients (4 of luma, 2 of U, 2 of V, the DCs), ... */
export const NONZERO = 32;
export const NONZERO_DC = 40;
/** ... and the modes of four blocks. */
export const EDGE_MODES = 44;
export const TOP_BYTES = 48;

/** Luma as it will be decoded, 16 x 16 with a row above and a column to the left. */
export const WORK_Y = 160;
/** U and V, beside each other. */
export const WORK_UV = 768;
export const WORK_STRIDE = 32;
/** From WORK_Y and WORK_UV to the first sample. */
export const WORK_Y_ORIGIN = 48;
export const WORK_U_ORIGIN = 40;
export const WORK_V_ORIGIN = 56;

/** An RGB macroblock that the picture's edge cuts, completed: 16 x 16 pixels. */
export const EDGE = 1088;

/** i16[16] a block, in zigzag order: luma's DCs, luma 16 x 16, luma 4 x 4, chroma. */
export const LEVELS_DC = 2112;
export const LEVELS_16 = 2144;
export const LEVELS_4 = 2656;
export const LEVELS_UV = 3168;
/** u8[16]: modes of the 4 x 4 blocks. */
export const MODES_4 = 3424;
/** i16[16]: magnitudes of a block's levels in zigzag order. */
export const MAGNITUDES = 3440;
/** v128 a mode: predictions of a 4 x 4 block. */
export const PREDICTIONS = 3472;
/** i16[16] a mode: coefficients of a 4 x 4 block. */
export const COEFFICIENTS_4 = 3632;
/** i32 a mode: estimates. */
export const ESTIMATES = 3952;
/** i16[16]: luma's DCs, before and after. */
export const DCS = 4000;
/** i16[16] a block, 16 blocks a mode. */
export const COEFFICIENTS_16 = 4032;
/** i16[16] a block, 8 blocks a mode. */
export const COEFFICIENTS_UV = 6080;

/** Quantisers of luma, luma's DCs, chroma, ... */
export const QUANTISERS = 7104;
export const LUMA = 0;
export const LUMA_DC = 96;
export const CHROMA = 192;
/** ... and i32: what 1/256 bit is worth, in squared coefficients times 2^12. */
export const LAMBDA = 288;
/** Of a quantiser, i16[16] each: steps, 2^14 / step, what is added to twice a coefficient. */
export const STEPS = 0;
export const RECIPROCALS = 32;
export const OFFSETS = 64;

/** u8[16]: bits of a level of about 0 to 15, in eighths, for estimates. */
export const LEVEL_BITS = 8320;
/** u16[17]: from position to where the costs of its band start. */
export const BAND_OFFSETS = 8336;
/** u16[4][8][3][70]: bits (1/256) of the end of the block, then of the levels 0 to 66 and larger ones. */
export const COSTS = 8384;
export const ROW_COST_BYTES = 140;
export const BAND_COST_BYTES = 420;
export const TYPE_COST_BYTES = 3360;
/** u16[2048]: what a level of 67 or more costs beyond its row's last. */
export const LARGE_COSTS = 21824;
/** u16[10][10][10]: mode above, mode to the left, mode: bits (1/256). */
export const BLOCK_MODE_COSTS = 25920;
/** u16[257]: bits (1/256) of a decision of probability n / 256. */
export const BIT_COSTS = 27920;
/** u32[4][8][3][12]: end of block, 0 to 4, categories 1 to 6. */
export const HISTOGRAM = 28448;
/** u8[4][8][3][11]: what COSTS are made of; and what the file is coded with, once that is settled. */
export const PROBABILITIES = 33056;
export const SETTLED = 71552;
/** u16[256]: samples to light, as chroma is averaged. */
export const TO_LINEAR = 34112;
/** u16[LIGHT_SUMS]: sum of four of TO_LINEAR to four times a sample. */
export const LIGHT_SUMS = 16384;
export const FROM_LINEAR = 34624;
/** Decisions to be coded: probability << 1 | bit. */
export const DECISIONS = 67392;
export const DECISIONS_BYTES = 4096;

/** Of the arithmetic coder: u64 low, i32 range, i32 bits, u32 waiting word, i32 full words, i32 whether one waits. */
export const CODER = 71488;
export const CODER_LOW = 0;
export const CODER_RANGE = 8;
export const CODER_BITS = 12;
export const CODER_WORD = 16;
export const CODER_FULL = 20;
export const CODER_WAITS = 24;

export const STATE_BYTES = 72608;

/** 16 blocks of luma, 4 of U, 4 of V, 16 samples each. */
export const MACROBLOCK_BYTES = 384;
/** More than the tokens of one macroblock take: 25 blocks of 16 coefficients and a head each. */
export const MACROBLOCK_TOKEN_BYTES = 864;
/** Most that the modes of one macroblock take. */
export const MACROBLOCK_MODE_BYTES = 9;
/** More than is written at once. */
export const OUTPUT_SLACK_BYTES = 16384;
