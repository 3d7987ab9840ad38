// Modes to the arithmetic code of the first partition (RFC 6386, section 11).
import {
  COLUMNS,
  DECISIONS,
  DECISIONS_BYTES,
  EDGE_MODES,
  LEFT,
  MODES_AT,
  TOP,
  TOP_BYTES,
} from "./vp8-encode-layout";
import { codeDecisions, decide, DECISIONS_SLACK } from "./vp8-encode-code";
import { asBlockMode } from "./vp8-encode-row";
import { BLOCK_MODE_PROBABILITIES } from "./vp8-tables";

/** Codes the modes of `rows` rows of macroblocks from MODES_AT on, until the output passes `limit`. */
export function vp8CodeModes(state: usize, rows: i32, skipProbability: i32, out: usize, limit: usize): usize {
  const columns = load<i32>(state, COLUMNS);
  const tops = <usize>load<u32>(state, TOP);
  let modes = <usize>load<u32>(state, MODES_AT);
  const start = state + DECISIONS;
  const full = start + DECISIONS_BYTES - DECISIONS_SLACK;
  let at = start;
  for (let x = 0; x < columns; x++) store<u32>(tops + x * TOP_BYTES, 0, EDGE_MODES);
  for (let y = 0; y < rows && out < limit; y++) {
    store<u32>(state, 0, LEFT + EDGE_MODES);
    for (let x = 0; x < columns && out < limit; x++) {
      const head = <i32>load<u8>(modes++);
      const top = tops + x * TOP_BYTES + EDGE_MODES;
      at = decide(at, (head >> 5) & 1, skipProbability);
      const mode = head & 7;
      if (mode < 4) {
        at = decideLumaMode(at, mode);
        const all = asBlockMode(mode) * 0x01010101;
        store<u32>(top, all);
        store<u32>(state, all, LEFT + EDGE_MODES);
      } else {
        at = decide(at, 0, 145);
        at = decideBlockModes(state, at, modes, top);
        modes += 8;
      }
      at = decideChromaMode(at, (head >> 3) & 3);
      if (at >= full) {
        out = codeDecisions(state, at, out);
        at = start;
      }
    }
  }
  return codeDecisions(state, at, out);
}

@inline
function decideLumaMode(at: usize, mode: i32): usize {
  at = decide(at, 1, 145);
  at = decide(at, mode >> 1, 156);
  return decide(at, mode & 1, mode < 2 ? 163 : 128);
}

@inline
function decideChromaMode(at: usize, mode: i32): usize {
  at = decide(at, <i32>(mode > 0), 142);
  if (mode > 0) at = decide(at, <i32>(mode > 1), 114);
  return mode > 1 ? decide(at, <i32>(mode > 2), 183) : at;
}

function decideBlockModes(state: usize, at: usize, modes: usize, top: usize): usize {
  const left = state + LEFT + EDGE_MODES;
  for (let b = 0; b < 16; b++) {
    const above = top + (b & 3);
    const beside = left + (b >> 2);
    const mode = (<i32>load<u8>(modes + (b >> 1)) >> ((b & 1) << 2)) & 15;
    const p = BLOCK_MODE_PROBABILITIES + (<usize>load<u8>(above) * 10 + <usize>load<u8>(beside)) * 9;
    at = decideBlockMode(at, mode, p);
    store<u8>(above, mode);
    store<u8>(beside, mode);
  }
  return at;
}

/** The tree of section 11.2: DC, TM, VE, then HE, RD, VR or LD, VL, HD, HU. */
export function decideBlockMode(at: usize, mode: i32, p: usize): usize {
  for (let i = 0; i < 3; i++) {
    at = decide(at, <i32>(mode != i), load<u8>(p + i));
    if (mode == i) return at;
  }
  const steep = mode == 3 || mode == 5 || mode == 6;
  at = decide(at, <i32>!steep, load<u8>(p, 3));
  if (steep) {
    at = decide(at, <i32>(mode != 3), load<u8>(p, 4));
    return mode == 3 ? at : decide(at, mode - 5, load<u8>(p, 5));
  }
  at = decide(at, <i32>(mode != 4), load<u8>(p, 6));
  if (mode == 4) return at;
  at = decide(at, <i32>(mode != 7), load<u8>(p, 7));
  return mode == 7 ? at : decide(at, mode - 8, load<u8>(p, 8));
}
