// The rows of samples that are held: three planes, luma's row FIRST_ROW first.
import { CHROMA_STRIDE, FIRST_ROW, LUMA_STRIDE, PLANES } from "./vp8-decode-layout";

/** Bytes from row to row of a plane; 0 is luma. */
@inline
export function strideOf(decoder: usize, plane: i32): usize {
  return plane == 0 ? load<u32>(decoder, LUMA_STRIDE) : load<u32>(decoder, CHROMA_STRIDE);
}

/** Where the row of macroblocks number `row` begins in a plane. */
@inline
export function planeAt(decoder: usize, plane: i32, row: i32): usize {
  const held = ((row << 4) - load<i32>(decoder, FIRST_ROW)) >> (plane == 0 ? 0 : 1);
  return (
    <usize>load<u32>(decoder + (plane << 2), PLANES) + <usize>held * strideOf(decoder, plane)
  );
}
