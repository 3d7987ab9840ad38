import { expect, test } from "vitest";
import { takeToken } from "./token-bucket.ts";

function take(count: number, perMinute: number, now: number) {
  let fullAt = 0;
  let granted = 0;
  for (let i = 0; i < count; i++) {
    const step = takeToken(fullAt, perMinute, now);
    fullAt = step.fullAt;
    granted += Number(step.taken.allowed);
  }
  return { fullAt, granted };
}

test("a new bucket grants its whole minute at once, then refuses", () => {
  expect(take(100, 60, 5000).granted).toBe(60);
});

test("a refused request says when the next is allowed, and it then is", () => {
  const { fullAt } = take(60, 60, 0);
  const refused = takeToken(fullAt, 60, 100);
  expect(refused.taken).toEqual({ allowed: false, remaining: 0, nextS: 1 });
  expect(takeToken(refused.fullAt, 60, 1100).taken.allowed).toBe(true);
});

test("refusals do not push the next token away", () => {
  let { fullAt } = take(60, 60, 0);
  for (let now = 0; now < 1000; now += 100) fullAt = takeToken(fullAt, 60, now).fullAt;
  expect(takeToken(fullAt, 60, 1000).taken.allowed).toBe(true);
});

test("a slow plan's wait is longer than a second", () => {
  expect(takeToken(take(6, 6, 0).fullAt, 6, 0).taken.nextS).toBe(10);
});

test("a minute of rest fills the bucket", () => {
  expect(takeToken(take(60, 60, 0).fullAt, 60, 60_000).taken.remaining).toBe(59);
});
