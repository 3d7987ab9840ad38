// Huffman codes to the coefficients of one block (T.81, F.2.2 and G.2). All functions return the
// last position that was coded, or -1 for data that no encoder makes.
import {
  AT,
  BIT_COUNT,
  BITS,
  END_RUN,
  FIRST,
  LAST,
  LIMITS,
  OFFSETS,
  PREVIOUS_DC,
  SHIFT,
  SYMBOLS,
  LOOKUP_BITS,
} from "./jpeg-decode-layout";

/** A value of `size` bits, the highest of `bits`, that are 1 to 15. */
@inline
function extend(bits: u64, size: i32): i32 {
  const value = <i32>(bits >> <u64>(64 - size));
  return value + (<i32>(~bits >> 63) & 1) * (1 - (1 << size));
}

/** symbol << 8 | length of a code longer than the lookup, or 0. */
function findLongCode(table: usize, bits: u64): u32 {
  const code = <u32>(bits >> 48);
  for (let length = LOOKUP_BITS + 1; length <= 16; length++) {
    if (code < load<u32>(table + (length << 2), LIMITS)) {
      const index = load<i32>(table + (length << 2), OFFSETS) + <i32>(code >> (16 - length));
      return ((<u32>load<u8>(table + (index & 255), SYMBOLS)) << 8) | length;
    }
  }
  return 0;
}

@inline
function lookUp(table: usize, bits: u64): u32 {
  return load<u32>(table + (<usize>(bits >> (64 - LOOKUP_BITS)) << 2));
}

/** The difference of a DC coefficient added to the last one; -0x80000000 for a bad code. */
function readDc(reader: usize, table: usize, component: usize): i32 {
  let bits = load<u64>(reader, BITS);
  let count = load<i32>(reader, BIT_COUNT);
  let at = <usize>load<u32>(reader, AT);
  bits |= load<u64>(at - 8) >> <u64>count;
  at -= (63 - count) >> 3;
  count |= 56;
  let entry = lookUp(table, bits);
  if (entry == 0) entry = findLongCode(table, bits);
  if (entry == 0) return i32.MIN_VALUE;
  const length = entry & 255;
  const size = <i32>(entry >> 8) & 15;
  bits <<= length;
  const difference = size == 0 ? 0 : extend(bits, size);
  store<u64>(reader, bits << size, BITS);
  store<i32>(reader, count - length - size, BIT_COUNT);
  store<u32>(reader, <u32>at, AT);
  // Kept within 16 bits, as damaged data could add up without end.
  const dc = <i32>(<i16>(load<i32>(component, PREVIOUS_DC) + difference));
  store<i32>(component, dc, PREVIOUS_DC);
  return dc;
}

/** A whole block, dequantised. It must be all zeros before. */
export function readBlock(
  reader: usize,
  component: usize,
  dcTable: usize,
  acTable: usize,
  block: usize,
  order: usize,
  quantisation: usize,
): i32 {
  const dc = readDc(reader, dcTable, component);
  if (dc == i32.MIN_VALUE) return -1;
  store<i16>(block, <i16>(dc * <i32>load<i16>(quantisation)));

  let bits = load<u64>(reader, BITS);
  let count = load<i32>(reader, BIT_COUNT);
  let at = <usize>load<u32>(reader, AT);
  let k = 1;
  let last = 0;
  while (k < 64) {
    bits |= load<u64>(at - 8) >> <u64>count;
    at -= (63 - count) >> 3;
    count |= 56;
    let entry = lookUp(acTable, bits);
    let length = entry & 255;
    let value = <i32>entry >> 16;
    if (value != 0) {
      k += <i32>(entry >> 8) & 255;
      bits <<= length;
      count -= length;
    } else {
      if (entry == 0) {
        entry = findLongCode(acTable, bits);
        if (entry == 0) {
          k = 128;
          break;
        }
        length = entry & 255;
      }
      const size = <i32>(entry >> 8) & 15;
      const run = <i32>(entry >> 12);
      bits <<= length;
      count -= length;
      if (size == 0) {
        if (run != 15) break;
        k += 16;
        continue;
      }
      k += run;
      value = extend(bits, size);
      bits <<= size;
      count -= size;
    }
    const factor = <i32>load<i16>(quantisation + (k << 1));
    store<i16>(block + load<u8>(order + k), <i16>(value * factor));
    last = k++;
  }
  store<u64>(reader, bits, BITS);
  store<i32>(reader, count, BIT_COUNT);
  store<u32>(reader, <u32>at, AT);
  return k > 64 ? -1 : last;
}

export function readDcFirst(reader: usize, component: usize, table: usize, block: usize): i32 {
  const dc = readDc(reader, table, component);
  if (dc == i32.MIN_VALUE) return -1;
  store<i16>(block, <i16>(dc << load<i32>(reader, SHIFT)));
  return 0;
}

export function readDcRefinement(reader: usize, block: usize): i32 {
  let bits = load<u64>(reader, BITS);
  let count = load<i32>(reader, BIT_COUNT);
  if (count == 0) {
    let at = <usize>load<u32>(reader, AT);
    bits = load<u64>(at - 8);
    store<u32>(reader, <u32>(at - 7), AT);
    count = 56;
  }
  const bit = <i32>(bits >> 63);
  store<i16>(block, <i16>(<i32>load<i16>(block) | (bit << load<i32>(reader, SHIFT))));
  store<u64>(reader, bits << 1, BITS);
  store<i32>(reader, count - 1, BIT_COUNT);
  return 0;
}

/** `nonzero` points to the mask of positions that are not zero, for refinement later. */
export function readAcFirst(
  reader: usize,
  table: usize,
  block: usize,
  order: usize,
  nonzero: usize,
): i32 {
  const endRun = load<i32>(reader, END_RUN);
  if (endRun > 0) {
    store<i32>(reader, endRun - 1, END_RUN);
    return 0;
  }
  let bits = load<u64>(reader, BITS);
  let count = load<i32>(reader, BIT_COUNT);
  let at = <usize>load<u32>(reader, AT);
  let k = load<i32>(reader, FIRST);
  const end = load<i32>(reader, LAST) + 1;
  const shift = load<i32>(reader, SHIFT);
  let mask = load<u64>(nonzero);
  while (k < end) {
    bits |= load<u64>(at - 8) >> <u64>count;
    at -= (63 - count) >> 3;
    count |= 56;
    let entry = lookUp(table, bits);
    let length = entry & 255;
    let value = <i32>entry >> 16;
    if (value != 0) {
      k += <i32>(entry >> 8) & 255;
      bits <<= length;
      count -= length;
    } else {
      if (entry == 0) {
        entry = findLongCode(table, bits);
        if (entry == 0) return -1;
        length = entry & 255;
      }
      const size = <i32>(entry >> 8) & 15;
      const run = <i32>(entry >> 12);
      bits <<= length;
      count -= length;
      if (size == 0) {
        if (run == 15) {
          k += 16;
          continue;
        }
        if (run > 0) {
          store<i32>(reader, (1 << run) + <i32>(bits >> <u64>(64 - run)) - 1, END_RUN);
          bits <<= run;
          count -= run;
        }
        break;
      }
      k += run;
      value = extend(bits, size);
      bits <<= size;
      count -= size;
    }
    store<i16>(block + load<u8>(order + k), <i16>(value << shift));
    mask |= <u64>1 << (k & 63);
    k++;
  }
  store<u64>(nonzero, mask);
  store<u64>(reader, bits, BITS);
  store<i32>(reader, count, BIT_COUNT);
  store<u32>(reader, <u32>at, AT);
  return k > end ? -1 : 0;
}

/** One more bit of the coefficients that are not zero, and coefficients that become 1 or -1. */
export function readAcRefinement(
  reader: usize,
  table: usize,
  block: usize,
  order: usize,
  nonzero: usize,
): i32 {
  let endRun = load<i32>(reader, END_RUN);
  let k = load<i32>(reader, FIRST);
  const last = load<i32>(reader, LAST);
  let mask = load<u64>(nonzero);
  /** Those to be refined, from k on. */
  let pending = mask & (u64.MAX_VALUE << k) & (u64.MAX_VALUE >> (63 - last));
  if (endRun > 0 && pending == 0) {
    store<i32>(reader, endRun - 1, END_RUN);
    return 0;
  }
  let bits = load<u64>(reader, BITS);
  let count = load<i32>(reader, BIT_COUNT);
  let at = <usize>load<u32>(reader, AT);
  const one = 1 << load<i32>(reader, SHIFT);
  while (k <= last) {
    let run = 64;
    let value = 0;
    if (endRun == 0) {
      bits |= load<u64>(at - 8) >> <u64>count;
      at -= (63 - count) >> 3;
      count |= 56;
      let entry = lookUp(table, bits);
      if (entry == 0) entry = findLongCode(table, bits);
      if (entry == 0) return -1;
      const length = entry & 255;
      const symbol = <i32>(entry >> 8);
      bits <<= length;
      count -= length;
      run = symbol >> 4;
      if ((symbol & 15) != 0) {
        value = <i64>bits < 0 ? one : -one;
        bits <<= 1;
        count -= 1;
      } else if (run != 15) {
        endRun = 1 << run;
        if (run > 0) {
          endRun += <i32>(bits >> <u64>(64 - run));
          bits <<= run;
          count -= run;
        }
        run = 64;
      }
    }
    // Goes past `run` zeros, refining what lies between them.
    for (;;) {
      const next = pending == 0 ? last + 1 : <i32>ctz(pending);
      if (k + run < next) {
        k += run;
        break;
      }
      run -= next - k;
      k = next;
      if (k > last) break;
      pending &= pending - 1;
      const address = block + load<u8>(order + k);
      const coefficient = <i32>load<i16>(address);
      if (count == 0) {
        bits = load<u64>(at - 8);
        at -= 7;
        count = 56;
      }
      const bit = <i32>(bits >> 63);
      const sign = coefficient >> 31;
      const change = ((one ^ sign) - sign) & -bit;
      if ((coefficient & one) == 0) store<i16>(address, <i16>(coefficient + change));
      bits <<= 1;
      count -= 1;
      k++;
    }
    if (value != 0) {
      if (k > last) return -1;
      store<i16>(block + load<u8>(order + k), <i16>value);
      mask |= <u64>1 << k;
    }
    k++;
  }
  store<u64>(nonzero, mask);
  store<i32>(reader, endRun > 0 ? endRun - 1 : 0, END_RUN);
  store<u64>(reader, bits, BITS);
  store<i32>(reader, count, BIT_COUNT);
  store<u32>(reader, <u32>at, AT);
  return 0;
}
