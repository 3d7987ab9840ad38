// 16 x 8 samples turned, so that edges between columns are filtered as edges between rows are.

@inline
function low(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
@inline
function high(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** Eight samples each of eight rows at `a` and eight at `b`, to eight rows of 16 at `to`. */
export function turn(a: usize, b: usize, stride: usize, to: usize): void {
  const a4 = a + (stride << 2);
  const b4 = b + (stride << 2);
  const twice = stride << 1;
  const thrice = twice + stride;
  const p0 = low(v128.load64_zero(a), v128.load64_zero(b));
  const p1 = low(v128.load64_zero(a + stride), v128.load64_zero(b + stride));
  const p2 = low(v128.load64_zero(a + twice), v128.load64_zero(b + twice));
  const p3 = low(v128.load64_zero(a + thrice), v128.load64_zero(b + thrice));
  const p4 = low(v128.load64_zero(a4), v128.load64_zero(b4));
  const p5 = low(v128.load64_zero(a4 + stride), v128.load64_zero(b4 + stride));
  const p6 = low(v128.load64_zero(a4 + twice), v128.load64_zero(b4 + twice));
  const p7 = low(v128.load64_zero(a4 + thrice), v128.load64_zero(b4 + thrice));
  let q0 = low(p0, p4);
  let q1 = low(p1, p5);
  let q2 = low(p2, p6);
  let q3 = low(p3, p7);
  let r0 = low(q0, q2);
  let r1 = low(q1, q3);
  v128.store(to, low(r0, r1));
  v128.store(to, high(r0, r1), 16);
  r0 = high(q0, q2);
  r1 = high(q1, q3);
  v128.store(to, low(r0, r1), 32);
  v128.store(to, high(r0, r1), 48);
  q0 = high(p0, p4);
  q1 = high(p1, p5);
  q2 = high(p2, p6);
  q3 = high(p3, p7);
  r0 = low(q0, q2);
  r1 = low(q1, q3);
  v128.store(to, low(r0, r1), 64);
  v128.store(to, high(r0, r1), 80);
  r0 = high(q0, q2);
  r1 = high(q1, q3);
  v128.store(to, low(r0, r1), 96);
  v128.store(to, high(r0, r1), 112);
}

@inline
function storePairs(at: usize, stride: usize, even: v128, odd: v128): void {
  const rows01 = low(even, odd);
  const rows23 = high(even, odd);
  v128.store64_lane(at, rows01, 0);
  v128.store64_lane((at += stride), rows01, 1);
  v128.store64_lane((at += stride), rows23, 0);
  v128.store64_lane(at + stride, rows23, 1);
}

/** The way back. */
export function turnBack(from: usize, a: usize, b: usize, stride: usize): void {
  const c0 = v128.load(from);
  const c1 = v128.load(from, 16);
  const c2 = v128.load(from, 32);
  const c3 = v128.load(from, 48);
  const c4 = v128.load(from, 64);
  const c5 = v128.load(from, 80);
  const c6 = v128.load(from, 96);
  const c7 = v128.load(from, 112);
  let s0 = low(c0, c4);
  let s1 = low(c1, c5);
  let s2 = low(c2, c6);
  let s3 = low(c3, c7);
  storePairs(a, stride, low(s0, s2), low(s1, s3));
  storePairs(a + (stride << 2), stride, high(s0, s2), high(s1, s3));
  s0 = high(c0, c4);
  s1 = high(c1, c5);
  s2 = high(c2, c6);
  s3 = high(c3, c7);
  storePairs(b, stride, low(s0, s2), low(s1, s3));
  storePairs(b + (stride << 2), stride, high(s0, s2), high(s1, s3));
}

/** Eight rows of eight samples each at `a` and `b` side by side at `to`. */
export function join(a: usize, b: usize, stride: usize, to: usize): void {
  for (let i = 0; i < 8; i++) {
    v128.store(to, v128.load64_lane(b, v128.load64_zero(a), 1));
    a += stride;
    b += stride;
    to += 16;
  }
}

/** The way back. */
export function part(from: usize, a: usize, b: usize, stride: usize): void {
  for (let i = 0; i < 8; i++) {
    const row = v128.load(from);
    v128.store64_lane(a, row, 0);
    v128.store64_lane(b, row, 1);
    a += stride;
    b += stride;
    from += 16;
  }
}
