import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PIECE_BYTES, toByteStream } from "./byte-stream.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Parts of the given lengths, counted as they are pulled; `closed` when no more will be. */
function createParts(...lengths: number[]) {
  const state = { pulled: 0, closed: false };
  async function* parts() {
    try {
      for (const length of lengths) {
        state.pulled++;
        yield new Uint8Array(length).fill(state.pulled);
      }
    } finally {
      state.closed = true;
    }
  }
  return { state, parts: parts() };
}

test("parts arrive whole, in pieces, and the end is told once", async () => {
  const { parts } = createParts(3, PIECE_BYTES + 5, 0, 1);
  const ends: unknown[] = [];
  const stream = toByteStream(parts, (error) => ends.push(error));
  const sizes: number[] = [];
  for await (const piece of stream) sizes.push(piece.length);
  expect(sizes).toEqual([3, PIECE_BYTES, 5, 1]);
  expect(ends).toEqual([null]);
});

test("nothing is pulled that nobody reads", async () => {
  const { state, parts } = createParts(10, 10, 10);
  const reader = toByteStream(parts, () => undefined).getReader();
  await reader.read();
  expect(state.pulled).toBe(1);
});

test("an error is told as it was", async () => {
  const failure = new Error("in the middle");
  async function* failing() {
    yield new Uint8Array(1);
    throw failure;
  }
  const ends: unknown[] = [];
  const reader = toByteStream(failing(), (error) => ends.push(error)).getReader();
  await reader.read();
  await expect(reader.read()).rejects.toBe(failure);
  expect(ends).toEqual([failure]);
});

test.each([0, 1])("a reader that cancels after %i reads ends the work", async (reads) => {
  const { state, parts } = createParts(1, 1, 1);
  const ends: unknown[] = [];
  const reader = toByteStream(parts, (error) => ends.push(error)).getReader();
  for (let i = 0; i < reads; i++) await reader.read();
  await reader.cancel();
  expect(ends).toHaveLength(1);
  expect(ends[0]).toBeInstanceOf(Error);
  expect(state.closed).toBe(reads > 0);
});

test.each([0, 1])("a reader that goes silent after %i reads ends the work", async (reads) => {
  const { state, parts } = createParts(1, 1, 1);
  const ends: unknown[] = [];
  const reader = toByteStream(parts, (error) => ends.push(error)).getReader();
  for (let i = 0; i < reads; i++) await reader.read();
  await vi.advanceTimersByTimeAsync(119_000);
  expect(ends).toEqual([]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(ends[0]).toBeInstanceOf(Error);
  expect(state.pulled).toBe(reads);
  await expect(reader.read()).rejects.toThrow("Nobody reads");
});
