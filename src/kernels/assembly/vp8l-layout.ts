// Where the VP8L decoder keeps what, as byte offsets into its record and the images in it. Plain
// constants, because both the kernel (AssemblyScript) and its host (TypeScript) import this file.
// Fields are i32 unless said. Pixels are u32, alpha highest, then red, green, blue.

/** Pixels of the picture. */
export const WIDTH = 0;
export const HEIGHT = 4;
/** The next byte to be read ahead, and the end. */
export const AT = 8;
export const END = 12;
/** u64, bits read ahead, the next one lowest; and how many they are. */
export const BITS = 16;
export const BIT_COUNT = 24;
/** Room for tables and for images that describe the picture. */
export const POOL_AT = 28;
export const POOL_END = 32;
/** The row that comes next. */
export const ROW = 36;
/** Pointers to rows of pixels, each with one before and one behind. */
export const WORK = 40;
export const UNPACKED = 44;
export const ABOVE = 48;
/** Pointer to the finished row: WORK or UNPACKED. */
export const FINISHED = 52;
/** Transforms in the order of the file. */
export const TRANSFORM_COUNT = 56;
export const TRANSFORMS = 60;
export const TRANSFORM_BYTES = 16;
export const MAX_TRANSFORMS = 4;
/** The picture as it is coded, and an image that describes it while that is read. */
export const MAIN = 124;
export const SUB = 180;
/** u8[2328]: lengths of a code's words. */
export const LENGTHS = 240;
/** i32[16] each: words of a length; the next word of it. u8[256]: longest word behind a root. */
export const COUNTS = 2576;
export const NEXT = 2640;
export const LONGEST = 2704;
export const DECODER_BYTES = 2960;

/** A transform: one of TRANSFORM_*; log2 of its blocks' side, or of the pixels in one. */
export const KIND = 0;
export const SIZE_BITS = 4;
/** Pointer to its blocks' pixels, or its colours. */
export const DATA = 8;
/** Pixels of a row where it applies. */
export const TRANSFORM_WIDTH = 12;

export const TRANSFORM_PREDICT = 0;
export const TRANSFORM_CROSS_COLOUR = 1;
export const TRANSFORM_ADD_GREEN = 2;
export const TRANSFORM_PALETTE = 3;

/** An image. */
export const IMAGE_WIDTH = 0;
export const IMAGE_HEIGHT = 4;
/** Pointer to its last pixels, whose number is a power of two (or all); that number less one. */
export const WINDOW = 8;
export const WINDOW_MASK = 12;
/** Pixels still to be copied, and from how far before. */
export const COPY_LEFT = 16;
export const COPY_DISTANCE = 20;
/** log2 of the cached colours, or 0; pointer to them. */
export const CACHE_BITS = 24;
export const CACHE = 28;
/** Pointer to groups of five codes. */
export const GROUPS = 32;
/** log2 of the side of blocks that share a group, or 0: one for all; pointer to groups' numbers. */
export const GROUP_BITS = 36;
export const GROUP_IMAGE = 40;

/** A code: pointer to its table and what to look up there. */
export const CODE_TABLE = 0;
export const CODE_MASK = 4;
export const CODE_BYTES = 8;
export const GROUP_BYTES = 40;

/** Copies reach back so many pixels at most. */
export const MAX_WINDOW_PIXELS = 1_048_576;
/** Bytes that may be read behind the input. */
export const INPUT_SLACK = 64;

/** What reading ended with. */
export const DONE = 0;
export const TRUNCATED = 2;
export const INVALID = 3;
export const NO_ROOM = 4;
