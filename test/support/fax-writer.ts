/** Fax coding (ITU-T T.4) for tests: the plainest encoder there is, by the decoder's own codes. */
import { HORIZONTAL, MODE_CODES, PASS, RUN_CODES } from "../../src/codecs/tiff/ccitt-codes.ts";

export interface FaxSpec {
  width: number;
  height: number;
  /** A byte for each pixel: 1 is black. */
  pixels: Uint8Array;
  kind: "modified-huffman" | "group-3" | "group-4";
  /** In group 3: of how many rows one is coded by its runs; all are where it is missing. */
  isEach?: number;
  /** In group 3: whether marks end on whole bytes. */
  isAligned?: boolean;
}

const MARK = "000000000001";

export function writeFax({ width, height, pixels, kind, isEach, isAligned }: FaxSpec): Buffer {
  let bits = "";
  let above: number[] = [];
  for (let y = 0; y < height; y++) {
    const row = findChanges(pixels.subarray(y * width, (y + 1) * width));
    const isFirst = isEach === undefined || y % isEach === 0;
    if (kind === "group-3") {
      if (isAligned) bits += "0".repeat((12 - (bits.length % 8)) % 8);
      bits += MARK + (isEach === undefined ? "" : isFirst ? "1" : "0");
    }
    if (kind === "group-4" || !isFirst) bits += codeChanges(row, above, width);
    else bits += codeRuns(row, width);
    if (kind === "modified-huffman") bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
    above = row;
  }
  if (kind === "group-3") bits += (MARK + (isEach === undefined ? "" : "1")).repeat(6);
  if (kind === "group-4") bits += MARK.repeat(2);
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
  return Buffer.from(padded.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}

/** Where the colour changes, first from white. */
function findChanges(row: Uint8Array): number[] {
  const changes: number[] = [];
  row.forEach((value, x) => {
    if (value !== (x === 0 ? 0 : row[x - 1])) changes.push(x);
  });
  return changes;
}

function codeRun(length: number, colour: number): string {
  const codes = RUN_CODES[colour as 0 | 1];
  let code = "";
  let left = length;
  for (; left >= 2560; left -= 2560) code += codes.get(2560);
  if (left >= 64) code += codes.get(left & ~63);
  return code + codes.get(left & 63);
}

function codeRuns(changes: readonly number[], width: number): string {
  const ends = [...changes, width];
  return ends.map((end, i) => codeRun(end - (ends[i - 1] ?? 0), i & 1)).join("");
}

/** As the flow diagram of T.4, figure 7 has it. */
function codeChanges(row: readonly number[], above: readonly number[], width: number): string {
  let code = "";
  let [at, colour] = [-1, 0];
  const next = (changes: readonly number[], colourNow: number) =>
    changes.findIndex((change, i) => change > at && i % 2 === colourNow);
  while (at < width) {
    const found = next(above, colour);
    const [b1, b2] =
      found < 0 ? [width, width] : [above[found] ?? width, above[found + 1] ?? width];
    const index = next(row, colour);
    const [a1, a2] = index < 0 ? [width, width] : [row[index] ?? width, row[index + 1] ?? width];
    if (b2 < a1) {
      code += MODE_CODES.get(PASS);
      at = b2;
    } else if (Math.abs(a1 - b1) <= 3) {
      code += MODE_CODES.get(a1 - b1 + 3);
      at = a1;
      colour ^= 1;
    } else {
      code += MODE_CODES.get(HORIZONTAL);
      code += codeRun(a1 - Math.max(0, at), colour) + codeRun(a2 - a1, colour ^ 1);
      at = a2;
    }
  }
  return code;
}
