import { expect, test } from "vitest";
import { meter } from "./metering.ts";
import { joinModule } from "./module-sections.ts";

const section = (id: number, ...content: number[]) => [id, content.length, ...content];
const body = (...code: number[]) => [code.length, ...code];
const exported = (name: string, index: number) => [name.length, ...Buffer.from(name), 0, index];

/** Functions of one number, in the binary format: `count` to it, `fill` so many bytes, `dive` so deep. */
const MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...section(1, 1, 0x60, 1, 0x7f, 1, 0x7f), // (i32) → i32
  ...section(3, 3, 0, 0, 0),
  ...section(5, 1, 0, 1), // a page of memory
  ...section(6, 1, 0x7f, 1, 0x41, 0, 0x0b),
  ...section(7, 3, ...exported("count", 0), ...exported("fill", 1), ...exported("dive", 2)),
  ...section(
    10,
    3,
    // loop (local 1 = local 1 + 1) < local 0
    ...body(1, 1, 0x7f, 3, 0x40, 0x20, 1, 0x41, 1, 0x6a, 0x22, 1, 0x20, 0, 0x49, 0x0d, 0, 0x0b, 0x20, 1, 0x0b), // prettier-ignore
    // memory.fill from 0 with 7, local 0 bytes; the last byte
    ...body(0, 0x41, 0, 0x41, 7, 0x20, 0, 0xfc, 11, 0, 0x20, 0, 0x41, 1, 0x6b, 0x2d, 0, 0, 0x0b),
    // local 0 ? dive(local 0 - 1) : 0
    ...body(0, 0x20, 0, 4, 0x7f, 0x20, 0, 0x41, 1, 0x6b, 0x10, 2, 5, 0x41, 0, 0x0b, 0x0b),
  ),
]);

interface Metered {
  stepsLeft: WebAssembly.Global;
  count(n: number): number;
  fill(n: number): number;
  dive(n: number): number;
}

/** Workers' types know no compilation at run time, which this test is not in. */
const compile = WebAssembly.Module as unknown as new (bytes: Uint8Array) => WebAssembly.Module;

function instantiate(steps: number): Metered {
  const module = new compile(joinModule(meter(MODULE)));
  const exports = new WebAssembly.Instance(module).exports as unknown as Metered;
  exports.stepsLeft.value = BigInt(steps);
  return exports;
}

test("a module does what it did, and its steps are counted", () => {
  const metered = instantiate(100_000);
  expect([metered.count(1000), metered.fill(65_536), metered.dive(100)]).toEqual([1000, 7, 0]);
  const left = Number(metered.stepsLeft.value);
  // Ten instructions a round, a step for eight bytes, nine instructions a call.
  expect(100_000 - left).toBeGreaterThan(1000 * 8 + 65_536 / 8 + 100 * 8);
  expect(100_000 - left).toBeLessThan(1000 * 12 + 65_536 / 8 + 100 * 14);
});

test.each([
  ["rounds of a loop", "count", 2 ** 31 - 1],
  ["bytes that are filled", "fill", 65_536],
  ["calls", "dive", 2000],
] as const)("%s beyond the steps trap, and more steps let it go on", (_what, name, n) => {
  const metered = instantiate(5000);
  expect(() => metered[name](n)).toThrow(WebAssembly.RuntimeError);
  expect(Number(metered.stepsLeft.value)).toBeLessThan(0);
  metered.stepsLeft.value = 1_000_000n;
  expect(() => metered[name](Math.min(n, 65_536))).not.toThrow();
});

test("a module without steps does nothing at all", () => {
  expect(() => instantiate(0).count(1)).toThrow(WebAssembly.RuntimeError);
});
