import { expect } from "vitest";

/** Tells where they differ first: a comparison of whole pictures would print them, for minutes. */
export function expectSame(got: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(got.length).toBe(wanted.length);
  expect(Array.prototype.findIndex.call(got, (value, i) => value !== wanted[i])).toBe(-1);
}
