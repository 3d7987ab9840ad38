// Where the VP8 decoder keeps what, as byte offsets into its record and the readers in it. Plain
// constants, because both the kernel (AssemblyScript) and its host (TypeScript) import this file.
// Fields are i32 unless said.

/** Pixels of the picture. */
export const WIDTH = 0;
export const HEIGHT = 4;
/** The same in macroblocks of 16 x 16. */
export const COLUMNS = 8;
export const ROWS = 12;
/** The macroblock that comes next; whether the modes of its row are known. */
export const ROW = 16;
export const COLUMN = 20;
export const MODES_KNOWN = 24;
/** How many parts the coefficients are in: row n is in part n modulo this. */
export const PARTS = 28;
/** One of FILTER_*. */
export const FILTER = 32;
/** Whether macroblocks say which segment is theirs; u8[3]: the probabilities of that. */
export const SEGMENTED = 36;
export const SEGMENT_PROBABILITIES = 40;
/** Probability that a macroblock has coefficients, -1 where all have. */
export const SKIP_PROBABILITY = 44;
/** Pointers to three planes' first sample in the first row held, and bytes from row to row. */
export const PLANES = 48;
export const LUMA_STRIDE = 60;
export const CHROMA_STRIDE = 64;
/** Picture row that is the first held (of luma; a multiple of 16). */
export const FIRST_ROW = 68;
/** Pointer to MODES_BYTES for each macroblock of a row. */
export const MODES = 72;
/** Pointer to u8[4] a macroblock: modes of the blocks above; u8[4] here: of those to the left. */
export const ABOVE_MODES = 76;
export const LEFT_MODES = 80;
/** Pointer to FLAGS_BYTES a macroblock: which blocks above have coefficients. */
export const ABOVE_FLAGS = 84;
/** Pointers to u32 a macroblock: how to filter it; for even and odd rows. */
export const STRENGTHS = 88;
/** Pointer to a row of RGB, for pixels that get alpha. */
export const RGB_ROW = 96;
/** i32[4][8]: steps of a segment's coefficients: luma's DC and AC, Y2's, chroma's. */
export const STEPS = 112;
export const SEGMENT_STEPS_BYTES = 32;
/** u32[4][2]: how to filter a segment's macroblocks, those of 16 x 16 and those of 4 x 4. */
export const SEGMENT_STRENGTHS = 240;
/** Readers of the modes and of up to eight parts of coefficients. */
export const READERS = 272;
export const READER_BYTES = 32;
export const MAX_PARTS = 8;
/** u8[4][16][3][16]: type, position, context, node of the token tree. */
export const PROBABILITIES = 560;
export const TYPE_PROBABILITIES_BYTES = 768;
export const POSITION_BYTES = 48;
export const CONTEXT_BYTES = 16;
/** i16[25][16]: Y2, sixteen blocks of luma, four of each chroma. Zero between macroblocks. */
export const COEFFICIENTS = 3632;
/** i16[24][16]: what to add to the prediction, in the same order without Y2. */
export const RESIDUALS = 4432;
/** u8[8][16]: samples turned for the loop filter. */
export const TURNED = 5200;
/** While the header is read: i32[4] each, of the segments; u8[4][8][3][11], the tables' order. */
export const QUANTISERS = 5328;
export const LEVELS = 5344;
export const BAND_PROBABILITIES = 5360;
/** u8[FLAGS_BYTES]: which blocks to the left have coefficients. */
export const LEFT_FLAGS = 6416;
export const DECODER_BYTES = 6432;

/** A reader: u64, bits read ahead, the next one highest; how many they are; the range. */
export const BITS = 0;
export const BIT_COUNT = 8;
export const RANGE = 12;
/** The next byte to be read ahead, and the end of those that are here. */
export const AT = 16;
export const END = 20;
/** Whether nothing follows these. */
export const FINAL = 24;

/** A macroblock: u8[16], modes of its 4 x 4 blocks; u8 each: */
export const LUMA_MODE = 16;
export const CHROMA_MODE = 17;
export const SEGMENT = 18;
export const SKIPPED = 19;
export const MODES_BYTES = 20;

/** A macroblock's flags: u8 for each column (or row) of blocks of luma, of both chromas, and Y2. */
export const FLAGS_BYTES = 16;

export const FILTER_NONE = 0;
export const FILTER_SIMPLE = 1;
export const FILTER_NORMAL = 2;

/**
 * Bytes that a reader may go past its end before that is noticed: more than the 400 coefficients of
 * a macroblock take at 88 bits each, or the header's probabilities.
 */
export const READER_SLACK = 4608;

/** Rows of luma held above the ones being read: unfiltered ones, and what waits to be written. */
export const HISTORY_ROWS = 32;
/** Rows of luma held altogether. */
export const HELD_ROWS = 96;
/** Samples before a row's first and after its last. */
export const PLANE_MARGIN = 16;

/** What reading ended with. */
export const DONE = 0;
export const NEEDS_MORE = 1;
export const TRUNCATED = 2;
export const INVALID = 3;
