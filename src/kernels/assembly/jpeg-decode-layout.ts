// Where the JPEG decoder keeps what, as byte offsets into three kinds of records: the decoder, its
// components, and one reader for each scan. Plain constants, because both the kernel
// (AssemblyScript) and its host (TypeScript) import this file. Fields are i32 unless said.

/** The decoder: pixels in an output row, which may be a part of the picture's. */
export const WIDTH = 0;
/** One of COLOUR_*. */
export const COLOUR = 4;
export const COMPONENT_COUNT = 8;
/** MCUs in a row of interleaved ones. */
export const MCUS = 12;
/** Pointers to four rows of samples at full width. */
export const ROWS = 16;
/** u8[80]: zigzag position to byte offset in a block; positions past the end fall on the last. */
export const ORDER = 32;
/** i16[64]. */
export const BLOCK = 112;
/** i16[64]: between the passes of the transform. */
export const SCRATCH = 240;
/** i16[80] of 1: for blocks that are dequantised later. */
export const ONES = 368;
export const COMPONENTS = 528;
export const COMPONENT_BYTES = 384;
/** 255 where inks are stored as what light they leave, else 0. */
export const INK_MASK = 2064;
/** What is delivered: its first column, and the MCUs and rows of them that it takes. */
export const LEFT = 2068;
export const FIRST_MCU = 2072;
export const END_MCU = 2076;
export const FIRST_ROW = 2080;
export const DECODER_BYTES = 2096;

export const COLOUR_GRAY = 0;
export const COLOUR_YCC = 1;
export const COLOUR_RGB = 2;
export const COLOUR_CMYK = 3;
/** CMY as YCbCr of their complements, and K. */
export const COLOUR_YCCK = 4;

/** A component: its sampling factors. */
export const HORIZONTAL = 0;
export const VERTICAL = 4;
/** Blocks that hold samples of the picture, the whole of it. */
export const BLOCKS_WIDE = 8;
export const BLOCKS_HIGH = 12;
/** Pointer to the coefficients of one row of MCUs, where several scans make them up; else 0. */
export const COEFFICIENTS = 16;
/** Blocks a row of these. */
export const COEFFICIENT_STRIDE = 20;
/** Pointer to u64 a block, in the same order: which zigzag positions are not zero. */
export const NONZERO = 60;
/** Samples a block becomes in either direction: 8, 4, 2 or 1. */
export const SIZE = 24;
/** Pointer to where the samples of the first MCU are or would be, in a ring of rows. */
export const PLANE = 28;
export const PLANE_STRIDE = 32;
export const RING_ROWS = 36;
/** How many pixels a sample is wide and high. */
export const SCALE_X = 40;
export const SCALE_Y = 44;
/** Whether samples are interpolated, not repeated. */
export const FANCY = 48;
/** Samples of the picture. */
export const SAMPLES_WIDE = 52;
export const SAMPLES_HIGH = 56;
/** i16[64] in natural order. */
export const QUANTISATION = 64;
/** i16[80] in zigzag order. */
export const QUANTISATION_ZIGZAG = 192;

/** A reader: u64, bits read ahead, the next one highest; and how many they are. */
export const BITS = 0;
export const BIT_COUNT = 8;
/** The next byte is below AT, the last one at END: the window runs backwards (see fill). */
export const AT = 12;
export const END = 16;
/** The marker that ends the data, 0 as long as it has not been reached. */
export const MARKER = 20;
/** What is still stuffed. */
export const RAW_AT = 24;
export const RAW_END = 28;
export const WINDOW = 32;
export const WINDOW_TOP = 36;
/** The next MCU in the row of MCUs being read. */
export const MCU = 40;
/** MCUs between restart markers, or 0; how many are left; the marker that is due. */
export const RESTART_INTERVAL = 44;
export const RESTART_LEFT = 48;
export const RESTART_MARKER = 52;
/** Blocks without further coefficients. */
export const END_RUN = 56;
/** One of KIND_*. */
export const KIND = 60;
/** Spectral selection and successive approximation. */
export const FIRST = 64;
export const LAST = 68;
export const SHIFT = 72;
export const SCAN_COMPONENT_COUNT = 76;
/** Bytes thrown away while looking for the marker at the end. */
export const SKIPPED = 80;
export const DECODER = 84;
/** Of each component: pointers to its record and its two tables, and its last DC coefficient. */
export const SCAN_COMPONENTS = 96;
export const SCAN_COMPONENT_BYTES = 16;
export const RECORD = 0;
export const DC_TABLE = 4;
export const AC_TABLE = 8;
export const PREVIOUS_DC = 12;
export const READER_BYTES = 160;

export const KIND_SEQUENTIAL = 0;
export const KIND_DC_FIRST = 1;
export const KIND_DC_REFINE = 2;
export const KIND_AC_FIRST = 3;
export const KIND_AC_REFINE = 4;

/**
 * A Huffman table. u32[1024] by the next 10 bits. For coefficients whose bits are all among these:
 * value << 16 | zeros before it << 8 | length; for other codes: symbol << 8 | length; for longer
 * ones 0.
 */
export const LOOKUP = 0;
export const LOOKUP_BITS = 10;
/** u32[17]: the first 16 bits that are past all codes of a length. */
export const LIMITS = 4096;
/** i32[17]: what to add to a code for its symbol's index. */
export const OFFSETS = 4176;
export const SYMBOLS = 4256;
export const TABLE_BYTES = 4512;

/** More than reading one MCU takes: ten blocks of 64 coefficients of 32 bits, and reading ahead. */
export const MCU_BYTES = 2576;
/** Bytes below a window's data that damaged data may be read from. */
export const WINDOW_SLACK = 2624;

/** What reading a row of MCUs ended with. */
export const DONE = 0;
export const NEEDS_MORE = 1;
export const TRUNCATED = 2;
export const INVALID = 3;
export const OUT_OF_STEP = 4;

/** Room left of a row of samples and right of it. */
export const PLANE_MARGIN = 16;
