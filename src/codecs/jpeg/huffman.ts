/** Huffman tables: the standard ones and ones made for a picture. */
import type { HuffmanTable, HuffmanTables } from "../../kernels/jpeg-encoder.ts";

const MAX_CODE_BITS = 16;
/** Longest code that can come up before codes are shortened to 16 bits. */
const MAX_UNLIMITED_BITS = 64;
/** A symbol that no data has; its code keeps the all-ones code free, as T.81 demands. */
const RESERVED = 256;

const table = (counts: string, symbols: string): HuffmanTable => ({
  counts: Uint8Array.from(counts.split(" "), Number),
  symbols: Uint8Array.from(symbols.match(/../g) ?? [], (hex) => parseInt(hex, 16)),
});

/** T.81, tables K.3 to K.6, in the order of HuffmanTables. */
export const STANDARD_TABLES: HuffmanTables = [
  table("0 1 5 1 1 1 1 1 1 0 0 0 0 0 0 0", "000102030405060708090a0b"),
  table(
    "0 2 1 3 3 2 4 3 5 5 4 4 0 0 1 125",
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728" +
      "292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a83848586878889" +
      "8a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2" +
      "e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
  ),
  table("0 3 1 1 1 1 1 1 1 1 1 0 0 0 0 0", "000102030405060708090a0b"),
  table(
    "0 2 1 2 4 4 3 4 7 5 4 4 0 1 2 119",
    "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a26" +
      "2728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a828384858687" +
      "88898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da" +
      "e2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
  ),
];

/** Every symbol that baseline data can have: DC sizes, or runs and sizes with both specials. */
export const POSSIBLE_SYMBOLS = {
  dc: Array.from({ length: 12 }, (_, size) => size),
  ac: [
    0x00,
    0xf0,
    ...Array.from({ length: 160 }, (_, i) => (Math.floor(i / 10) << 4) | ((i % 10) + 1)),
  ],
} as const;

/**
 * The best table for symbols that occur `frequencies[symbol]` times, no code longer than 16 bits:
 * T.81's annex K.2 with its figure K.3 for shortening.
 */
export function makeHuffmanTable(frequencies: ArrayLike<number>): HuffmanTable {
  const sizes = measureCodes(frequencies);
  const counts = new Uint8Array(MAX_UNLIMITED_BITS);
  for (const bits of sizes) if (bits > 0) counts[bits - 1]!++;
  shorten(counts);

  const symbols = Array.from({ length: 256 }, (_, symbol) => symbol)
    .filter((symbol) => (sizes[symbol] ?? 0) > 0)
    .toSorted((a, b) => (sizes[a] ?? 0) - (sizes[b] ?? 0) || a - b);
  return { counts: counts.slice(0, MAX_CODE_BITS), symbols: Uint8Array.from(symbols) };
}

/** Code lengths by merging the two rarest trees over and over (at most 257 leaves). */
function measureCodes(frequencies: ArrayLike<number>): Uint8Array {
  const sizes = new Uint8Array(RESERVED + 1);
  let trees = Array.from({ length: RESERVED }, (_, symbol) => ({
    weight: frequencies[symbol] ?? 0,
    symbols: [symbol],
  })).filter(({ weight }) => weight > 0);
  trees.push({ weight: 1, symbols: [RESERVED] });
  while (trees.length > 1) {
    trees.sort((a, b) => b.weight - a.weight);
    const [a, b] = [trees.pop()!, trees.pop()!];
    const symbols = [...a.symbols, ...b.symbols];
    for (const symbol of symbols) sizes[symbol]!++;
    trees = [{ weight: a.weight + b.weight, symbols }, ...trees];
  }
  return sizes;
}

/** Moves codes longer than 16 bits up the tree, then takes the reserved symbol's code out. */
function shorten(counts: Uint8Array): void {
  const at = (bits: number): number => counts[bits - 1] ?? 0;
  const add = (bits: number, change: number): void => {
    counts[bits - 1] = at(bits) + change;
  };
  for (let bits = MAX_UNLIMITED_BITS; bits > MAX_CODE_BITS; bits--) {
    while (at(bits) > 0) {
      let shorter = bits - 2;
      while (at(shorter) === 0) shorter--;
      add(bits, -2);
      add(bits - 1, 1);
      add(shorter + 1, 2);
      add(shorter, -1);
    }
  }
  let longest = MAX_CODE_BITS;
  while (at(longest) === 0) longest--;
  add(longest, -1);
}
