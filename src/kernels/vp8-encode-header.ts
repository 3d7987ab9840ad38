/** The first partition of a VP8 frame, and the ten bytes in front of it (RFC 6386, sections 9 and 19.2). */
import type { EngineExports } from "./engine.ts";

export interface FrameHeader {
  quantiser: number;
  /** Of chroma's DC, -15 to 15. */
  chromaDcDelta: number;
  filterLevel: number;
  /** Probability (1/256) that a macroblock has coefficients, 1 to 255. */
  skipProbability: number;
}

/** Sizes of the first partition are stored in 19 bits. */
export const MAX_HEADER_BYTES = 2 ** 19 - 1;

/** Codes all that precedes the macroblocks' modes; returns where the output ends. */
export function codeHeader(
  exports: EngineExports,
  state: number,
  { quantiser, chromaDcDelta, filterLevel, skipProbability }: FrameHeader,
  output: number,
): number {
  let end = output;
  const code = (value: number, bits: number): void => {
    end = exports.vp8CodeField(state, value, bits, end);
  };
  code(0, 2); // YUV; samples need clamping
  code(0, 1); // no segments
  code(0, 1); // the normal filter, ...
  code(filterLevel, 6);
  code(0, 3); // ... not sharpened, ...
  code(0, 1); // ... the same for all modes
  code(0, 2); // one partition of tokens
  code(quantiser, 7);
  code(0, 3); // no deltas for luma's DC and for its DCs' transform, ...
  code(chromaDcDelta === 0 ? 0 : 1, 1); // ... one for chroma's DC, ...
  if (chromaDcDelta !== 0) {
    code(Math.abs(chromaDcDelta), 4);
    code(chromaDcDelta < 0 ? 1 : 0, 1);
  }
  code(0, 1); // ... none for its AC
  code(0, 1); // no frame follows that could use these probabilities
  end = exports.vp8CodeProbabilities(state, end);
  code(1, 1); // macroblocks without coefficients are marked
  code(skipProbability, 8);
  return end;
}

/** What stands before the first partition. */
export function writeFrameTag(width: number, height: number, headerBytes: number): Uint8Array {
  const tag = new Uint8Array(10);
  const view = new DataView(tag.buffer);
  const shown = 1 << 4;
  view.setUint16(0, (shown | (headerBytes << 5)) & 0xffff, true);
  tag[2] = headerBytes >> 11;
  tag.set([0x9d, 0x01, 0x2a], 3);
  view.setUint16(6, width, true);
  view.setUint16(8, height, true);
  return tag;
}
