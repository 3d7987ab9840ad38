// Where the deflate kernel keeps what, as byte offsets, for kernel and host.

/** u64: bits that wait, the oldest lowest; i32: how many. */
export const BITS = 0;
export const BIT_COUNT = 8;
/** u32[2]: the two sums of Adler-32. */
export const ADLER = 16;
/** i32: runs found in the block. */
export const RUN_COUNT = 24;
/** i32: entries of HEAD. */
export const HEAD_COUNT = 28;
/** u32[4][256]: the literals counted, in four tables by turns. */
export const LITERALS = 32;
export const LITERAL_TABLE_BYTES = 1024;
/** u32[259]: the runs counted by their length. */
export const RUN_LENGTHS = 4128;
/** u32[257]: value << 8 | size of literals and the block's end, the first bit lowest. */
export const CODES = 5168;
/** u32[259]: the same of runs by their length, with what their distance takes. */
export const RUN_CODES = 6208;
/** u32[HEAD_ENTRIES]: value << 8 | size of what precedes the data. */
export const HEAD = 7248;
export const HEAD_ENTRIES = 704;
/** [u16 literals before, u16 length] for each run of a block. */
export const RUNS = 10064;

export const END_OF_BLOCK = 256;
export const MAX_RUN = 258;
/** Shorter ones take about as many bits as the literals they would replace. */
export const MIN_RUN = 5;
/** Four codes and the seven bits that may wait fit in 64. */
export const MAX_CODE_BITS = 14;
/** What a stored block may hold, so that a block never needs two. */
export const MAX_BLOCK_BYTES = 65_535;
/** How far past a block's data vectors read, and past its output bits are written. */
export const READ_AHEAD_BYTES = 64;
export const WRITE_AHEAD_BYTES = 8;
