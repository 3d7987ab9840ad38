import { expect, test } from "vitest";
import { canonicalCodes, codeLengths, reverse } from "./prefix-code.ts";

const kraft = (lengths: Uint8Array): number =>
  lengths.reduce((sum, length) => (length > 0 ? sum + 2 ** -length : sum), 0);

test("lengths make a complete code, the shorter the more frequent", () => {
  const counts = Uint32Array.of(5, 9, 12, 13, 0, 16, 45);
  const lengths = codeLengths(counts, 15);
  expect([...lengths]).toEqual([4, 4, 3, 3, 0, 3, 1]);
  expect(kraft(lengths)).toBe(1);
});

test("no length passes the limit, however uneven the counts", () => {
  const counts = Uint32Array.from({ length: 40 }, (_, i) => Math.min(2 ** 31, 1.6 ** i));
  const lengths = codeLengths(counts, 15);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(15);
  expect(kraft(lengths)).toBe(1);
});

test("no code begins another", () => {
  const lengths = Uint8Array.of(2, 1, 3, 3);
  const codes = [...canonicalCodes(lengths)].map((code, i) =>
    reverse(code, lengths[i] ?? 0)
      .toString(2)
      .padStart(lengths[i] ?? 0, "0"),
  );
  expect(codes).toEqual(["10", "0", "110", "111"]);
});
