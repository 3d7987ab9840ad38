// One row of MCUs from tokens as a sequential scan has it, components interleaved.
import { bitLength } from "./jpeg-code";
import { LAYOUT, LAYOUT_420, LAYOUT_GRAY, PREVIOUS_DC } from "./jpeg-layout";
import { BLOCKS_WIDE, LUMA_ROWS, OUT, PART_BYTES, PARTS } from "./jpeg-smallest-layout";
import { putSymbol, valueBits } from "./jpeg-symbol";

/**
 * Counts or codes MCUs from `mcu` on, until there are `mcus` or the output passes `limit`. PARTS say
 * where their DC values and tokens are. Returns the MCU to go on with.
 */
export function jpegSequentialRow(state: usize, mcu: i32, mcus: i32, limit: usize): i32 {
  const layout = load<i32>(state, LAYOUT);
  const blocksWide = load<i32>(state, BLOCKS_WIDE);
  const lumaRows = load<i32>(state, LUMA_ROWS);
  while (mcu < mcus && load<usize>(state, OUT) < limit) {
    if (layout == LAYOUT_420) {
      for (let row = 0; row < 2; row++) {
        for (let column = mcu * 2; column < mcu * 2 + 2; column++) {
          if (row < lumaRows && column < blocksWide) codeBlock(state, row, 0, 0);
          else codeFiller(state);
        }
      }
    } else {
      codeBlock(state, 0, 0, 0);
    }
    if (layout != LAYOUT_GRAY) {
      codeBlock(state, 2, 4, 2);
      codeBlock(state, 3, 8, 2);
    }
    mcu++;
  }
  return mcu;
}

/** A luma block outside the picture: no difference, no coefficients. */
function codeFiller(state: usize): void {
  putSymbol(state, 0, 0, 0, 0);
  putSymbol(state, 1, 0, 0, 0);
}

function codeBlock(state: usize, part: i32, component: usize, table: i32): void {
  const cursors = state + PARTS + part * PART_BYTES;
  const at = load<usize>(cursors);
  store<usize>(cursors, at + 2);
  const dc = <i32>load<i16>(at);
  const difference = dc - load<i32>(state + component, PREVIOUS_DC);
  store<i32>(state + component, dc, PREVIOUS_DC);
  const dcSize = bitLength(difference);
  putSymbol(state, table, dcSize, valueBits(difference, dcSize), dcSize);

  let tokens = load<usize>(cursors, 4);
  let k = 0;
  do {
    const token = <i32>load<u16>(tokens);
    tokens += 2;
    const run = token >> 12;
    const value = (token << 20) >> 20;
    const size = bitLength(value);
    putSymbol(state, table + 1, (run << 4) | size, valueBits(value, size), size);
    if (token == 0) break;
    k += run + 1;
  } while (k < 63);
  store<usize>(cursors, tokens, 4);
}
