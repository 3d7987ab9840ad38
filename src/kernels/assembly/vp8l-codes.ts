// Prefix codes (RFC 9649, section 6.2): their words' lengths, and tables to look symbols up by the
// next eight bits, behind which longer words have tables of their own. An entry is symbol << 8 |
// bits; or, where bits are more than eight, place of that table << 8 | its bits + 8.
import { fillBits, readBits, takeRoom } from "./vp8l-bits";
import {
  BITS,
  CODE_MASK,
  CODE_TABLE,
  COUNTS,
  DONE,
  INVALID,
  LENGTHS,
  LONGEST,
  NEXT,
  NO_ROOM,
  POOL_AT,
} from "./vp8l-layout";

export const ROOT_BITS = 8;
const MAX_LENGTH = 15;
const LENGTH_CODES = 19;

// prettier-ignore
const LENGTH_ORDER: usize = memory.data<u8>([
  17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
]);

/** Reads a code of `size` symbols; `code` gets its table. */
export function readCode(decoder: usize, size: i32, code: usize): i32 {
  const lengths = decoder + LENGTHS;
  memory.fill(lengths, 0, size);
  if (readBits(decoder, 1)) {
    const two = readBits(decoder, 1);
    const symbol = readBits(decoder, readBits(decoder, 1) ? 8 : 1);
    if (<i32>symbol >= size) return INVALID;
    store<u8>(lengths + symbol, 1);
    if (two) {
      const other = readBits(decoder, 8);
      if (<i32>other >= size) return INVALID;
      store<u8>(lengths + other, 1);
    }
    return buildTable(decoder, size, code);
  }
  const start = load<u32>(decoder, POOL_AT);
  const used = 4 + <i32>readBits(decoder, 4);
  for (let i = 0; i < used; i++) {
    store<u8>(lengths + load<u8>(LENGTH_ORDER + i), <u8>readBits(decoder, 3));
  }
  let status = buildTable(decoder, LENGTH_CODES, code);
  if (status != DONE) return status;
  memory.fill(lengths, 0, LENGTH_CODES);
  status = readLengths(decoder, size, code);
  // That table is not needed any more.
  store<u32>(decoder, start, POOL_AT);
  return status == DONE ? buildTable(decoder, size, code) : status;
}

function readLengths(decoder: usize, size: i32, code: usize): i32 {
  const lengths = decoder + LENGTHS;
  let coded = size;
  if (readBits(decoder, 1)) {
    coded = 2 + <i32>readBits(decoder, 2 + 2 * <i32>readBits(decoder, 3));
    if (coded > size) return INVALID;
  }
  let previous: u8 = 8;
  for (let symbol = 0; symbol < size && coded > 0; coded--) {
    const length = readSymbol(decoder, code);
    if (length < 16) {
      store<u8>(lengths + symbol++, <u8>length);
      if (length != 0) previous = <u8>length;
      continue;
    }
    const times =
      length == 16
        ? 3 + <i32>readBits(decoder, 2)
        : length == 17
          ? 3 + <i32>readBits(decoder, 3)
          : 11 + <i32>readBits(decoder, 7);
    if (symbol + times > size) return INVALID;
    if (length == 16) memory.fill(lengths + symbol, previous, times);
    symbol += times;
  }
  return DONE;
}

/** For what is read seldom, of a code whose words have up to eight bits. */
function readSymbol(decoder: usize, code: usize): i32 {
  fillBits(decoder);
  const index = load<u32>(decoder, BITS) & load<u32>(code, CODE_MASK);
  const entry = load<u32>(<usize>load<u32>(code, CODE_TABLE) + (<usize>index << 2));
  readBits(decoder, <i32>(entry & 255));
  return <i32>(entry >> 8);
}

/** The lowest `length` bits in the other order. */
@inline
function reverse(word: u32, length: i32): u32 {
  let reversed: u32 = 0;
  for (let i = 0; i < length; i++) reversed |= ((word >> i) & 1) << (length - 1 - i);
  return reversed;
}

/** The next word of a length, from the highest bit on, reversed. */
@inline
function nextWord(decoder: usize, length: i32): u32 {
  const at = decoder + NEXT + (length << 2);
  const word = load<u32>(at);
  store<u32>(at, word + 1);
  return reverse(word, length);
}

function startWords(decoder: usize): void {
  let word = 0;
  for (let length = 1; length <= MAX_LENGTH; length++) {
    word = (word + load<i32>(decoder + ((length - 1) << 2), COUNTS)) << 1;
    store<i32>(decoder + (length << 2), word, NEXT);
  }
}

/** A table from LENGTHS, which must be those of a complete code, or of one symbol. */
function buildTable(decoder: usize, size: i32, code: usize): i32 {
  const lengths = decoder + LENGTHS;
  memory.fill(decoder + COUNTS, 0, 64);
  let symbols = 0;
  let last = 0;
  let longest = 0;
  let taken = 0;
  for (let i = 0; i < size; i++) {
    const length = <i32>load<u8>(lengths + i);
    if (length == 0) continue;
    const at = decoder + COUNTS + (length << 2);
    store<i32>(at, load<i32>(at) + 1);
    taken += 1 << (MAX_LENGTH - length);
    symbols++;
    last = i;
    longest = max(longest, length);
  }
  if (symbols == 1) {
    const table = takeRoom(decoder, 4);
    if (!table) return NO_ROOM;
    store<u32>(table, last << 8);
    store<u32>(code, <u32>table, CODE_TABLE);
    store<u32>(code, 0, CODE_MASK);
    return DONE;
  }
  if (taken != 1 << MAX_LENGTH) return INVALID;

  const rootBits = min(longest, ROOT_BITS);
  const root = 1 << rootBits;
  let entries = root;
  if (longest > ROOT_BITS) {
    memory.fill(decoder + LONGEST, 0, root);
    startWords(decoder);
    for (let i = 0; i < size; i++) {
      const length = <i32>load<u8>(lengths + i);
      if (length <= ROOT_BITS) continue;
      const at = decoder + LONGEST + (nextWord(decoder, length) & 255);
      store<u8>(at, max(load<u8>(at), <u8>length));
    }
    for (let i = 0; i < root; i++) {
      const length = <i32>load<u8>(decoder + i, LONGEST);
      if (length) entries += 1 << (length - ROOT_BITS);
    }
  }
  const table = takeRoom(decoder, entries << 2);
  if (!table) return NO_ROOM;
  store<u32>(code, <u32>table, CODE_TABLE);
  store<u32>(code, root - 1, CODE_MASK);
  if (longest > ROOT_BITS) placeTables(decoder, table);
  startWords(decoder);
  for (let i = 0; i < size; i++) {
    const length = <i32>load<u8>(lengths + i);
    if (length == 0) continue;
    const word = nextWord(decoder, length);
    if (length <= ROOT_BITS) fill(table, word, root, length, i);
    else {
      const entry = load<u32>(table + ((word & 255) << 2));
      const second = table + ((entry >> 8) << 2);
      const bits = <i32>(entry & 255) - ROOT_BITS;
      fill(second, word >> ROOT_BITS, 1 << bits, length - ROOT_BITS, i);
    }
  }
  return DONE;
}

/** Entries of the root that lead to tables of longer words. */
function placeTables(decoder: usize, table: usize): void {
  let place = 1 << ROOT_BITS;
  for (let i = 0; i < 1 << ROOT_BITS; i++) {
    const length = <i32>load<u8>(decoder + i, LONGEST);
    if (!length) continue;
    store<u32>(table + (i << 2), (place << 8) | length);
    place += 1 << (length - ROOT_BITS);
  }
}

/** All entries that begin with a word. */
@inline
function fill(table: usize, word: u32, entries: i32, length: i32, symbol: i32): void {
  for (let i = <i32>word; i < entries; i += 1 << length) {
    store<u32>(table + (i << 2), (symbol << 8) | length);
  }
}
