import { expect, test } from "vitest";
import { takeToken, type Rate } from "./token-bucket.ts";

const aMinute = (capacity: number): Rate => ({ capacity, perSecond: capacity / 60 });
const ONE_A_SECOND = aMinute(60);

function take(count: number, rate: Rate, now: number) {
  let fullAt = 0;
  let granted = 0;
  for (let i = 0; i < count; i++) {
    const step = takeToken(fullAt, rate, now);
    fullAt = step.fullAt;
    granted += Number(step.taken.allowed);
  }
  return { fullAt, granted };
}

test.each([
  ["60 a minute", ONE_A_SECOND],
  ["2 a second", { capacity: 2, perSecond: 2 }],
  ["7 a minute", aMinute(7)],
])("a new bucket of %s grants its capacity at once, then refuses", (_, rate) => {
  expect(take(100, rate, 5000).granted).toBe(rate.capacity);
});

test("a refused request says when the next is allowed, and it then is", () => {
  const { fullAt } = take(60, ONE_A_SECOND, 0);
  const refused = takeToken(fullAt, ONE_A_SECOND, 100);
  expect(refused.taken).toEqual({ allowed: false, remaining: 0, nextS: 1 });
  expect(takeToken(refused.fullAt, ONE_A_SECOND, 1100).taken.allowed).toBe(true);
});

test("refusals do not push the next token away", () => {
  let { fullAt } = take(60, ONE_A_SECOND, 0);
  for (let now = 0; now < 1000; now += 100) fullAt = takeToken(fullAt, ONE_A_SECOND, now).fullAt;
  expect(takeToken(fullAt, ONE_A_SECOND, 1000).taken.allowed).toBe(true);
});

test("a slow plan's wait is longer than a second", () => {
  expect(takeToken(take(6, aMinute(6), 0).fullAt, aMinute(6), 0).taken.nextS).toBe(10);
});

test("a minute of rest fills the bucket of a minute, half a second gives one of two a second", () => {
  expect(takeToken(take(60, ONE_A_SECOND, 0).fullAt, ONE_A_SECOND, 60_000).taken.remaining).toBe(
    59,
  );
  const rate = { capacity: 2, perSecond: 2 };
  const { fullAt } = take(2, rate, 0);
  expect(takeToken(fullAt, rate, 499).taken.allowed).toBe(false);
  expect(takeToken(fullAt, rate, 500).taken).toMatchObject({ allowed: true, remaining: 0 });
});
