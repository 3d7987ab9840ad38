// Entropy-coded data to a window of bytes without stuffing, up to the next marker.
//
// The window runs backwards: its first byte is the highest. So a little-endian load of the eight
// bytes below AT has the next byte highest, as bits are read.
import {
  AT,
  BIT_COUNT,
  BITS,
  DONE,
  END,
  MARKER,
  NEEDS_MORE,
  RAW_AT,
  RAW_END,
  SKIPPED,
  WINDOW,
  WINDOW_SLACK,
  WINDOW_TOP,
} from "./jpeg-decode-layout";

/** Bits not consumed yet; negative when more were read than there are. */
@inline
export function bitsLeft(reader: usize): i32 {
  return (
    load<i32>(reader, BIT_COUNT) + ((load<i32>(reader, AT) - load<i32>(reader, END)) << 3)
  );
}

/** Moves what is left to the window's start and adds to it what there is room for. */
export function fill(reader: usize): void {
  const kept = load<i32>(reader, AT) - load<i32>(reader, END);
  const top = <usize>load<u32>(reader, WINDOW_TOP);
  let out = top - kept;
  memory.copy(out, load<u32>(reader, END), kept);
  store<u32>(reader, <u32>top, AT);

  const limit = <usize>load<u32>(reader, WINDOW) + WINDOW_SLACK + 16;
  const rawEnd = <usize>load<u32>(reader, RAW_END);
  let raw = <usize>load<u32>(reader, RAW_AT);
  while (out >= limit && raw < rawEnd) {
    if (raw + 16 <= rawEnd) {
      const bytes = v128.load(raw);
      const reversed = i8x16.shuffle(
        bytes, bytes, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
      );
      v128.store(out - 16, reversed);
      const prefixes = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(-1)));
      const plain = prefixes == 0 ? 16 : ctz(prefixes);
      out -= plain;
      raw += plain;
      if (plain == 16) continue;
    } else if (load<u8>(raw) != 0xff) {
      store<u8>(--out, load<u8>(raw++));
      continue;
    }
    // Here is a prefix.
    if (raw + 1 >= rawEnd) break;
    const code = <i32>load<u8>(raw, 1);
    if (code == 0) {
      store<u8>(--out, 0xff);
      raw += 2;
    } else if (code == 0xff) {
      raw += 1;
    } else {
      store<i32>(reader, code, MARKER);
      raw += 2;
      break;
    }
  }
  store<u32>(reader, <u32>raw, RAW_AT);
  store<u32>(reader, <u32>out, END);
}

/** Forgets what was read ahead, to go on behind a marker. */
export function clearWindow(reader: usize): void {
  const top = load<u32>(reader, WINDOW_TOP);
  store<u32>(reader, top, AT);
  store<u32>(reader, top, END);
  store<u64>(reader, 0, BITS);
  store<i32>(reader, 0, BIT_COUNT);
  store<i32>(reader, 0, MARKER);
}

/** Throws away data up to the marker at its end, counting whole bytes in SKIPPED. */
export function jpegSkip(reader: usize): i32 {
  let marker = 0;
  do {
    const bytes = bitsLeft(reader) >> 3;
    store<i32>(reader, load<i32>(reader, SKIPPED) + bytes, SKIPPED);
    marker = load<i32>(reader, MARKER);
    clearWindow(reader);
    if (marker != 0 && (marker & 0xf8) != 0xd0) break;
    fill(reader);
    marker = 0;
  } while (load<i32>(reader, MARKER) != 0 || load<u32>(reader, AT) != load<u32>(reader, END));
  store<i32>(reader, marker, MARKER);
  return marker == 0 ? NEEDS_MORE : DONE;
}
