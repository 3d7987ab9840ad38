/** JPEG files of any sampling and order of scans, with random coefficients. */
import { STANDARD_TABLES } from "../../src/codecs/jpeg/huffman.ts";
import { writeSegment } from "../../src/codecs/jpeg/segments.ts";
import type { HuffmanTable } from "../../src/kernels/jpeg-encoder.ts";
import { createRandom } from "./jpeg-fixtures.ts";

export interface JpegShape {
  width: number;
  height: number;
  /** Sampling factors by component: across, down. */
  factors: readonly (readonly [number, number])[];
  /** MCUs between restart markers. */
  interval?: number;
  /** Components of each scan; all in one if left out. */
  scans?: readonly (readonly number[])[];
  /** Of an Adobe segment. */
  transform?: number;
}

function codesOf({ counts, symbols }: HuffmanTable): Map<number, string> {
  const codes = new Map<number, string>();
  let code = 0;
  let next = 0;
  counts.forEach((count, i) => {
    for (let n = 0; n < count; n++) {
      codes.set(symbols[next++] ?? 0, (code++).toString(2).padStart(i + 1, "0"));
    }
    code *= 2;
  });
  return codes;
}

const CODES = STANDARD_TABLES.map(codesOf);

function magnitude(value: number): string {
  const size = 32 - Math.clz32(Math.abs(value));
  if (size === 0) return "";
  return (value < 0 ? value + (1 << size) - 1 : value).toString(2).padStart(size, "0");
}

/** A block's DC difference and its few AC coefficients. */
function writeBlock(difference: number, random: () => number): string {
  const coded = (table: number, run: number, value: number) => {
    const bits = magnitude(value);
    return (CODES[table]?.get(run * 16 + bits.length) ?? "") + bits;
  };
  let bits = coded(0, 0, difference);
  const full = random() < 0.2;
  let k = 1;
  while (k < 64 && random() < 0.9) {
    let run = Math.floor(random() * (full ? 2 : 20));
    if (k + run > 63) break;
    for (k += run + 1; run > 15; run -= 16) bits += CODES[1]?.get(0xf0) ?? "";
    const value = Math.round((random() - 0.5) * (random() < 0.1 ? 60 : 6)) || 1;
    bits += coded(1, run, value);
  }
  return k > 63 ? bits : bits + (CODES[1]?.get(0) ?? "");
}

function toBytes(bits: string): number[] {
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return (whole.match(/.{8}/g) ?? []).flatMap((text) => {
    const byte = parseInt(text, 2);
    return byte === 0xff ? [byte, 0] : [byte];
  });
}

export function writeRandomJpeg(shape: JpegShape): Uint8Array {
  const { width, height, factors, interval = 0, transform } = shape;
  const random = createRandom(width * 1000 + height + interval);
  const across = Math.max(...factors.map(([h]) => h));
  const down = Math.max(...factors.map(([, v]) => v));

  function writeScan(components: readonly number[]): number[] {
    const alone = components.length === 1;
    const [h0, v0] = factors[components[0] ?? 0] ?? [1, 1];
    const columns = alone ? Math.ceil((width * h0) / across / 8) : Math.ceil(width / across / 8);
    const rows = alone ? Math.ceil((height * v0) / down / 8) : Math.ceil(height / down / 8);
    const previous = factors.map(() => 0);
    const data: number[] = [];
    let bits = "";
    for (let mcu = 0; mcu < columns * rows; mcu++) {
      if (interval > 0 && mcu > 0 && mcu % interval === 0) {
        data.push(...toBytes(bits), 0xff, 0xd0 + ((mcu / interval - 1) % 8));
        bits = "";
        previous.fill(0);
      }
      for (const component of components) {
        const [h, v] = factors[component] ?? [1, 1];
        for (let block = 0; block < (alone ? 1 : h * v); block++) {
          const dc = Math.round((random() - 0.5) * 160);
          bits += writeBlock(dc - (previous[component] ?? 0), random);
          previous[component] = dc;
        }
      }
    }
    const selected = components.flatMap((component) => [component + 1, 0]);
    const header = writeSegment(0xda, [components.length, ...selected, 0, 63, 0]);
    return [...header, ...data, ...toBytes(bits)];
  }

  const [dc, ac] = STANDARD_TABLES as [HuffmanTable, HuffmanTable];
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  return Uint8Array.from([
    ...[0xff, 0xd8],
    ...(transform === undefined
      ? []
      : writeSegment(0xee, [...Buffer.from("Adobe"), 0, 100, 0, 0, 0, 0, transform])),
    ...writeSegment(0xdb, [0, ...Array.from({ length: 64 }, (_, k) => 8 + (k >> 3))]),
    ...writeSegment(
      0xc0,
      [8, ...size, factors.length],
      factors.flatMap(([h, v], i) => [i + 1, h * 16 + v, 0]),
    ),
    ...writeSegment(0xc4, [0x00], dc.counts, dc.symbols, [0x10], ac.counts, ac.symbols),
    ...(interval > 0 ? writeSegment(0xdd, [interval >> 8, interval & 255]) : []),
    ...(shape.scans ?? [factors.map((_, i) => i)]).flatMap((scan) => writeScan(scan)),
    ...[0xff, 0xd9],
  ]);
}
