/** The sum of four 32-bit lanes. */
@inline
export function sumLanes(v: v128): i32 {
  const pairs = i32x4.add(v, v128.shuffle<i64>(v, v, 1, 0));
  return i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
}
