// Tokens to the arithmetic code of RFC 6386 (section 7). They become decisions first (probability << 1
// | bit), which one tight loop codes.
import {
  CODER,
  CODER_BITS,
  CODER_FULL,
  CODER_LOW,
  CODER_RANGE,
  CODER_WAITS,
  CODER_WORD,
  DECISIONS,
  DECISIONS_BYTES,
  SETTLED,
  TOKENS_AT,
} from "./vp8-encode-layout";
import {
  BANDS,
  BAND_BYTES,
  CATEGORY3,
  CATEGORY4,
  CATEGORY5,
  CATEGORY6,
  CONTEXT_BYTES,
  TOKEN_PROBABILITIES,
  TOKEN_UPDATE_PROBABILITIES,
  TYPE_BYTES,
} from "./vp8-tables";

/** More than the decisions of one block, or of the modes of one macroblock, take. */
export const DECISIONS_SLACK: usize = 1024;

/** Begins a partition. */
export function vp8StartCoder(state: usize): void {
  store<u64>(state, 0, CODER + CODER_LOW);
  store<i32>(state, 255, CODER + CODER_RANGE);
  store<i32>(state, 0, CODER + CODER_BITS);
  store<i32>(state, 0, CODER + CODER_FULL);
  store<i32>(state, 0, CODER + CODER_WAITS);
}

@inline
export function decide(at: usize, bit: i32, probability: i32): usize {
  store<u16>(at, <u16>((probability << 1) | bit));
  return at + 2;
}

/** Codes the decisions in DECISIONS up to `end`; returns where the output ends. */
export function codeDecisions(state: usize, end: usize, out: usize): usize {
  let low = load<u64>(state, CODER + CODER_LOW);
  let range = load<u32>(state, CODER + CODER_RANGE);
  let bits = load<i32>(state, CODER + CODER_BITS);
  for (let at = state + DECISIONS; at < end; at += 2) {
    const decision = <u32>load<u16>(at);
    const split = 1 + (((range - 1) * (decision >> 1)) >> 8);
    const one = (decision & 1) != 0;
    low += one ? <u64>split : 0;
    range = one ? range - split : split;
    const shift = clz(range) - 24;
    range <<= shift;
    low <<= <u64>shift;
    bits += shift;
    if (bits >= 32) {
      bits -= 32;
      // `low` has a byte that is not settled, then `bits`, then the word and perhaps a carry.
      const settled = low >> (<u64>bits + 8);
      low &= ((<u64>1) << (<u64>bits + 8)) - 1;
      out = writeWord(state, settled, out);
    }
  }
  store<u64>(state, low, CODER + CODER_LOW);
  store<u32>(state, range, CODER + CODER_RANGE);
  store<i32>(state, bits, CODER + CODER_BITS);
  return out;
}

/** Writes the word before this one, and keeps this one until it is known that nothing carries into it. */
function writeWord(state: usize, word: u64, out: usize): usize {
  const coder = state + CODER;
  let full = load<i32>(coder, CODER_FULL);
  if (word == 0xffffffff) {
    // Never more than a few; the bound is for the room behind the output.
    store<i32>(coder, min(full + 1, 1024), CODER_FULL);
    return out;
  }
  const carry = <u32>(word >> 32);
  if (load<i32>(coder, CODER_WAITS)) {
    store<u32>(out, bswap<u32>(load<u32>(coder, CODER_WORD) + carry));
    out += 4;
  }
  for (; full > 0; full--) {
    store<u32>(out, carry - 1);
    out += 4;
  }
  store<u32>(coder, <u32>word, CODER_WORD);
  store<i32>(coder, 0, CODER_FULL);
  store<i32>(coder, 1, CODER_WAITS);
  return out;
}

/** Ends a partition; returns where the output ends. */
export function vp8FinishCoder(state: usize, out: usize): usize {
  const coder = state + CODER;
  const bits = load<i32>(coder, CODER_BITS);
  const low = load<u64>(coder, CODER_LOW) << <u64>(32 - bits);
  out = writeWord(state, low >> 8, out);
  // A word that cannot be carried into ends what waits.
  out = writeWord(state, 0, out);
  store<u8>(out, <u8>low);
  return out + 1;
}

/** Codes the tokens from `tokens` to `end` until the output passes `limit`; TOKENS_AT says where to go on. */
export function vp8CodeTokens(state: usize, tokens: usize, end: usize, out: usize, limit: usize): usize {
  const start = state + DECISIONS;
  const full = start + DECISIONS_BYTES - DECISIONS_SLACK;
  while (tokens < end && out < limit) {
    let at = start;
    while (tokens < end && at < full) {
      const head = <i32>load<u16>(tokens);
      tokens += 2;
      const some = head >> 4;
      at = decideBlock(state, at, tokens, some, head & 3, (head >> 2) & 3);
      tokens += some << 1;
    }
    out = codeDecisions(state, at, out);
  }
  store<u32>(state, <u32>tokens, TOKENS_AT);
  return out;
}

function decideBlock(state: usize, at: usize, tokens: usize, some: i32, type: i32, context: i32): usize {
  const probabilities = state + SETTLED + type * TYPE_BYTES;
  let n = type == 0 ? 1 : 0;
  let p = probabilities + n * BAND_BYTES + context * CONTEXT_BYTES;
  for (; some > 0; some--) {
    const token = <i32>load<u16>(tokens);
    tokens += 2;
    at = decide(at, 1, load<u8>(p));
    for (let run = token >> 12; run > 0; run--) {
      at = decide(at, 0, load<u8>(p, 1));
      n++;
      p = probabilities + <usize>load<u8>(BANDS + n) * BAND_BYTES;
    }
    at = decide(at, 1, load<u8>(p, 1));
    const value = (token << 20) >> 20;
    const level = abs(value);
    if (level == 1) at = decide(at, 0, load<u8>(p, 2));
    else at = decideLevel(at, level, p);
    at = decide(at, <i32>(value < 0), 128);
    n++;
    p = probabilities + <usize>load<u8>(BANDS + n) * BAND_BYTES + (level == 1 ? 1 : 2) * CONTEXT_BYTES;
  }
  return n < 16 ? decide(at, 0, load<u8>(p)) : at;
}

/** Decisions for a level of 2 or more. */
function decideLevel(at: usize, level: i32, p: usize): usize {
  at = decide(at, 1, load<u8>(p, 2));
  if (level < 5) {
    at = decide(at, 0, load<u8>(p, 3));
    at = decide(at, <i32>(level > 2), load<u8>(p, 4));
    return level > 2 ? decide(at, <i32>(level == 4), load<u8>(p, 5)) : at;
  }
  at = decide(at, 1, load<u8>(p, 3));
  if (level < 11) {
    at = decide(at, 0, load<u8>(p, 6));
    at = decide(at, <i32>(level > 6), load<u8>(p, 7));
    if (level < 7) return decide(at, level - 5, 159);
    at = decide(at, (level - 7) >> 1, 165);
    return decide(at, (level - 7) & 1, 145);
  }
  at = decide(at, 1, load<u8>(p, 6));
  if (level < 35) {
    at = decide(at, 0, load<u8>(p, 8));
    at = decide(at, <i32>(level > 18), load<u8>(p, 9));
    return level < 19 ? decideExtra(at, level - 11, 3, CATEGORY3) : decideExtra(at, level - 19, 4, CATEGORY4);
  }
  at = decide(at, 1, load<u8>(p, 8));
  at = decide(at, <i32>(level > 66), load<u8>(p, 10));
  return level < 67 ? decideExtra(at, level - 35, 5, CATEGORY5) : decideExtra(at, level - 67, 11, CATEGORY6);
}

function decideExtra(at: usize, value: i32, bits: i32, probabilities: usize): usize {
  for (let i = bits - 1; i >= 0; i--) at = decide(at, (value >> i) & 1, load<u8>(probabilities++));
  return at;
}

/** Codes `bits` bits of `value`, the highest first, as the header's fields are. */
export function vp8CodeField(state: usize, value: i32, bits: i32, out: usize): usize {
  let at = state + DECISIONS;
  for (let i = bits - 1; i >= 0; i--) at = decide(at, (value >> i) & 1, 128);
  return codeDecisions(state, at, out);
}

/** Codes which of SETTLED replace the format's own (section 13.4). */
export function vp8CodeProbabilities(state: usize, out: usize): usize {
  for (let i = 0; i < 1056; i++) {
    let at = state + DECISIONS;
    const p = <i32>load<u8>(state + SETTLED + i);
    const replaced = p != <i32>load<u8>(TOKEN_PROBABILITIES + i);
    at = decide(at, <i32>replaced, load<u8>(TOKEN_UPDATE_PROBABILITIES + i));
    if (replaced) for (let b = 7; b >= 0; b--) at = decide(at, (p >> b) & 1, 128);
    out = codeDecisions(state, at, out);
  }
  return out;
}
