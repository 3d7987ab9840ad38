/** What symbols cost: estimates of bits from how often they occur. */
import type { HuffmanTable } from "../../kernels/jpeg-encoder.ts";

/** How many symbols the expectation weighs against what was seen. */
const EXPECTED_COUNT = 4096;
const END_OF_BLOCK_BITS = 16;

/** How likely each symbol is by a table's codes. */
export function expectFrom({ counts, symbols }: HuffmanTable): Float64Array {
  const shares = new Float64Array(256).fill(2 ** -END_OF_BLOCK_BITS);
  let next = 0;
  counts.forEach((count, i) => {
    for (const symbol of symbols.subarray(next, next + count)) shares[symbol] = 2 ** -(i + 1);
    next += count;
  });
  return shares;
}

/**
 * Bits of each sequential AC symbol with the value behind it, for a picture of which `seen` counts
 * the first part.
 */
export function estimateRates(seen: Uint32Array, expected: Float64Array): Float32Array {
  const total = seen.reduce((sum, count) => sum + count, EXPECTED_COUNT);
  return Float32Array.from(seen, (count, symbol) => {
    const share = (count + EXPECTED_COUNT * (expected[symbol] ?? 0)) / total;
    return (symbol & 15) - Math.log2(share);
  });
}
