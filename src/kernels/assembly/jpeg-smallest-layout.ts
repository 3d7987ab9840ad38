// Where the encoder of the smallest files keeps what, behind the state of the plain encoder
// (jpeg-layout.ts), whose transform and bit writer it shares. Plain constants, for both sides.
import { STATE_BYTES } from "./jpeg-layout";

/** i32: where the next coded byte goes. */
export const OUT = STATE_BYTES;
/** i32: 1 to count symbols, 0 to code them. */
export const COUNTING = STATE_BYTES + 4;
/** i32: blocks that ended without another coefficient, of the running end-of-band. */
export const EOB_RUN = STATE_BYTES + 8;
/** i32: how many of CORRECTIONS wait for the end-of-band before them. */
export const CORRECTION_COUNT = STATE_BYTES + 12;
/** i32: correction bits that were counted. */
export const CORRECTIONS_COUNTED = STATE_BYTES + 16;
/** i32: luma blocks a row, and luma rows of blocks in this row of MCUs. */
export const BLOCKS_WIDE = STATE_BYTES + 20;
export const LUMA_ROWS = STATE_BYTES + 24;
/** Four parts of a row of MCUs: luma's rows of blocks, Cb, Cr. Each i32 its next DC, i32 its next token. */
export const PARTS = STATE_BYTES + 32;
/** f32[64], luma's then chroma's, by zigzag position: what turns a coefficient into steps. */
export const WEIGHTS = STATE_BYTES + 64;
/** f32[256], luma's then chroma's: bits that an AC symbol takes with its value. */
export const RATES = STATE_BYTES + 576;
/** u32[256], luma's then chroma's: AC symbols that quantisation chose so far. */
export const CHOSEN = STATE_BYTES + 2624;
/** i16[64]: the block before quantisation, laid out as COEFFICIENTS. */
export const RAW = STATE_BYTES + 4672;
/** The trellis: up to 64 nodes. */
export const NODES = STATE_BYTES + 4800;
/** u8[64]: the nodes of the best path; or, in scans, zigzag positions. */
export const PATH = STATE_BYTES + 5824;
/** i16[64]: the values at those positions. */
export const VALUES = STATE_BYTES + 5888;
/** u8 a bit. */
export const CORRECTIONS = STATE_BYTES + 6016;
export const SMALLEST_STATE_BYTES = STATE_BYTES + 7168;

export const PART_BYTES = 8;

/** f32 cost up to here. */
export const NODE_COST = 0;
/** i32: zigzag position; value; the node before. */
export const NODE_POSITION = 4;
export const NODE_VALUE = 8;
export const NODE_PREVIOUS = 12;
export const NODE_BYTES = 16;

/** Correction bits are written out before there are more. With a block's 63 they fit CORRECTIONS. */
export const MAX_CORRECTIONS = 1000;
/** At most: 63 tokens and the DC. */
export const BLOCK_TOKEN_BYTES = 130;
