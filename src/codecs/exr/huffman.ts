/** The prefix codes of PIZ: of 16-bit values, with a symbol that repeats the one before. */
import { damaged } from "./failures.ts";

const SYMBOLS = 65_537;
/** More would need a block of more than 2^31 values. */
const MAX_LENGTH = 45;
/** Lengths of codes take six bits, of which the last values are runs of symbols without a code. */
const [SHORT_RUN, LONG_RUN, SHORTEST_LONG_RUN] = [59, 63, 6];
const HEAD_BYTES = 20;
const TABLE_BITS = 12;

class Bits {
  #held = 0;
  #count = 0;

  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  /** Up to 16 bits; zeros behind the end. */
  read(count: number): number {
    while (this.#count < count) {
      this.#held = ((this.#held << 8) | (this.bytes[this.at++] ?? 0)) & 0xff_ffff;
      this.#count += 8;
    }
    this.#count -= count;
    return (this.#held >> this.#count) & ((1 << count) - 1);
  }
}

interface Code {
  /** By the first bits: symbol · 64 + length; 0 where the code is longer. */
  table: Int32Array;
  /** By length: the first code, how many there are, and where their symbols begin. */
  first: Float64Array;
  counts: Int32Array;
  starts: Int32Array;
  symbols: Int32Array;
}

/** Fills `target` with the values. @throws AppError invalid_image */
export function expandHuffman(bytes: Uint8Array, target: Uint16Array): void {
  if (bytes.length < HEAD_BYTES) throw damaged();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [first, last, bitCount] = [0, 4, 12].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
  ];
  if (first >= SYMBOLS || last >= SYMBOLS || first > last) throw damaged();
  const bits = new Bits(bytes, HEAD_BYTES);
  const lengths = readLengths(bits, first, last);
  if (bits.at > bytes.length || bitCount > (bytes.length - bits.at) * 8) throw damaged();
  decode(bytes, bits.at, createCode(lengths), last, target);
}

function readLengths(bits: Bits, first: number, last: number): Uint8Array {
  const lengths = new Uint8Array(SYMBOLS);
  for (let symbol = first; symbol <= last;) {
    const length = bits.read(6);
    if (length < SHORT_RUN) {
      if (length > MAX_LENGTH) throw damaged();
      lengths[symbol++] = length;
      continue;
    }
    symbol += length === LONG_RUN ? bits.read(8) + SHORTEST_LONG_RUN : length - SHORT_RUN + 2;
    if (symbol > last + 1) throw damaged();
  }
  return lengths;
}

/** Canonical, the longest codes first. */
function createCode(lengths: Uint8Array): Code {
  const counts = new Int32Array(MAX_LENGTH + 1);
  for (const length of lengths) if (length > 0) counts[length] = (counts[length] as number) + 1;
  const first = new Float64Array(MAX_LENGTH + 1);
  const starts = new Int32Array(MAX_LENGTH + 1);
  let [code, start] = [0, 0];
  for (let length = MAX_LENGTH; length > 0; length--) {
    first[length] = code;
    starts[length] = start;
    start += counts[length] as number;
    code = Math.floor((code + (counts[length] as number)) / 2);
  }
  const symbols = new Int32Array(start);
  const next = starts.slice();
  const table = new Int32Array(1 << TABLE_BITS);
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    const length = lengths[symbol] as number;
    if (length === 0) continue;
    const place = next[length] as number;
    next[length] = place + 1;
    symbols[place] = symbol;
    if (length > TABLE_BITS) continue;
    const value = (first[length] as number) + place - (starts[length] as number);
    const from = value * 2 ** (TABLE_BITS - length);
    table.fill(symbol * 64 + length, from, from + 2 ** (TABLE_BITS - length));
  }
  return { table, first, counts, starts, symbols };
}

function decode(
  bytes: Uint8Array,
  start: number,
  { table, first, counts, starts, symbols }: Code,
  repeat: number,
  target: Uint16Array,
): void {
  let [held, count, at, to] = [0, 0, start, 0];
  while (to < target.length) {
    while (count <= 16) {
      held = ((held << 8) | (bytes[at++] ?? 0)) & 0xff_ffff;
      count += 8;
    }
    if (at > bytes.length + 8) throw damaged();
    const entry = table[(held >> (count - TABLE_BITS)) & ((1 << TABLE_BITS) - 1)] as number;
    let symbol = entry >> 6;
    if (entry !== 0) {
      count -= entry & 63;
    } else {
      let [code, length] = [0, 0];
      symbol = -1;
      while (symbol < 0) {
        if (count === 0) {
          held = bytes[at++] ?? 0;
          count = 8;
        }
        code = code * 2 + ((held >> --count) & 1);
        if (++length > MAX_LENGTH || at > bytes.length + 8) throw damaged();
        const place = code - (first[length] as number);
        if (place >= 0 && place < (counts[length] as number)) {
          symbol = symbols[(starts[length] as number) + place] as number;
        }
      }
    }
    if (symbol !== repeat) {
      target[to++] = symbol;
      continue;
    }
    while (count < 8) {
      held = ((held << 8) | (bytes[at++] ?? 0)) & 0xff_ffff;
      count += 8;
    }
    count -= 8;
    const times = (held >> count) & 255;
    if (to === 0 || times === 0 || to + times > target.length) throw damaged();
    target.fill(target[to - 1] as number, to, to + times);
    to += times;
  }
  if (at - (count >> 3) > bytes.length) throw damaged();
}
