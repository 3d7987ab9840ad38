// 8 x 8 matrices of 16 bits, 16 bytes a row: what the DCTs of both directions share.

/** The first halves of two rows, their elements in turn. */
@inline
export function low(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

/** The second halves of two rows, their elements in turn. */
@inline
export function high(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/**
 * Transposes in place: rows four apart, taken in turn three times over. Of `few` only the first four
 * columns, the rest being zero.
 */
@inline
export function transpose(at: usize, few: bool): void {
  const r0 = v128.load(at);
  const r1 = v128.load(at, 16);
  const r2 = v128.load(at, 32);
  const r3 = v128.load(at, 48);
  const r4 = v128.load(at, 64);
  const r5 = v128.load(at, 80);
  const r6 = v128.load(at, 96);
  const r7 = v128.load(at, 112);
  const a0 = low(r0, r4);
  const a2 = low(r1, r5);
  const a4 = low(r2, r6);
  const a6 = low(r3, r7);
  const b0 = low(a0, a4);
  const b1 = high(a0, a4);
  const b4 = low(a2, a6);
  const b5 = high(a2, a6);
  v128.store(at, low(b0, b4));
  v128.store(at, high(b0, b4), 16);
  v128.store(at, low(b1, b5), 32);
  v128.store(at, high(b1, b5), 48);
  if (few) return;
  const a1 = high(r0, r4);
  const a3 = high(r1, r5);
  const a5 = high(r2, r6);
  const a7 = high(r3, r7);
  const b2 = low(a1, a5);
  const b3 = high(a1, a5);
  const b6 = low(a3, a7);
  const b7 = high(a3, a7);
  v128.store(at, low(b2, b6), 64);
  v128.store(at, high(b2, b6), 80);
  v128.store(at, low(b3, b7), 96);
  v128.store(at, high(b3, b7), 112);
}
