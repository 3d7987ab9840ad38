import { describe, expect, it } from "vitest";
import type { HuffmanTable } from "../../kernels/jpeg-encoder.ts";
import { makeHuffmanTable, POSSIBLE_SYMBOLS, STANDARD_TABLES } from "./huffman.ts";

function lengths({ counts, symbols }: HuffmanTable): Map<number, number> {
  const perCode = [...counts].flatMap((count, i) => Array.from({ length: count }, () => i + 1));
  return new Map(perCode.map((length, i) => [symbols[i] ?? -1, length]));
}

/** What part of all codes is taken; 1 would take the all-ones code, too. */
function used(table: HuffmanTable): number {
  return [...lengths(table).values()].reduce((sum, length) => sum + 2 ** -length, 0);
}

const cost = (table: HuffmanTable, frequencies: number[]): number =>
  [...lengths(table)].reduce((sum, [symbol, bits]) => sum + bits * (frequencies[symbol] ?? 0), 0);

describe.each([
  ["one symbol", [0, 0, 5]],
  ["two symbols", [0, 1, 5_000_000]],
  ["even frequencies", Array.from({ length: 162 }, () => 9)],
  ["Fibonacci's, which want the longest codes", fibonacci(40)],
])("the table for %s", (_name, frequencies) => {
  const table = makeHuffmanTable(frequencies);

  it("has a code of at most 16 bits for each symbol, none of them all ones", () => {
    expect(table.counts).toHaveLength(16);
    const expected = frequencies.flatMap((count, symbol) => (count > 0 ? [symbol] : []));
    expect([...table.symbols].toSorted((a, b) => a - b)).toEqual(expected);
    expect(used(table)).toBeLessThan(1);
  });
});

it("costs no more than the standard table where that has every symbol", () => {
  const frequencies = Array.from({ length: 256 }, () => 0);
  POSSIBLE_SYMBOLS.ac.forEach((symbol, i) => {
    frequencies[symbol] = 1 + Math.floor(100_000 / (1 + i * i));
  });
  const standard = STANDARD_TABLES[1] as HuffmanTable;
  expect(cost(makeHuffmanTable(frequencies), frequencies)).toBeLessThan(
    cost(standard, frequencies),
  );
});

it("lists the symbols of baseline data, as the standard tables do", () => {
  const sorted = (symbols: Iterable<number>) => [...symbols].toSorted((a, b) => a - b);
  STANDARD_TABLES.forEach((table, i) => {
    const possible = i % 2 === 0 ? POSSIBLE_SYMBOLS.dc : POSSIBLE_SYMBOLS.ac;
    expect(sorted(table.symbols)).toEqual(sorted(possible));
  });
});

function fibonacci(count: number): number[] {
  const numbers = [1, 1];
  while (numbers.length < count) numbers.push((numbers.at(-1) ?? 0) + (numbers.at(-2) ?? 0));
  return numbers;
}
