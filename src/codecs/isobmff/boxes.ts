/** Boxes of the ISO base media file format (ISO/IEC 14496-12, section 4.2) in memory. */
import { damaged } from "./failures.ts";

/** A box by the range of its payload. */
export interface Box {
  type: string;
  start: number;
  end: number;
}

/** Boxes in one parent; real files have a few dozen at most. */
const MAX_CHILDREN = 4096;

/** The boxes in `bytes` from `start` to `end`. @throws AppError invalid_image */
export function listBoxes(bytes: Uint8Array, start = 0, end = bytes.length): Box[] {
  const boxes: Box[] = [];
  let offset = start;
  while (offset + 8 <= end) {
    const {
      type,
      headBytes,
      bytes: whole,
    } = readBoxHead(new Cursor(bytes, offset, end), end - offset);
    const box = { type, start: offset + headBytes, end: offset + whole };
    if (box.end < box.start || box.end > end) throw damaged();
    if (boxes.push(box) > MAX_CHILDREN) throw damaged();
    offset = box.end;
  }
  return boxes;
}

/** Bytes of the longest head of a box. */
export const BOX_HEAD_BYTES = 16;

/**
 * A box's head, behind which the cursor then is. The box may claim to end anywhere, even in its head.
 * @param left bytes from the head on: those of a box that does not say how long it is
 */
export function readBoxHead(
  cursor: Cursor,
  left: number,
): { type: string; headBytes: number; bytes: number } {
  const start = cursor.offset;
  const size = cursor.u32();
  const type = cursor.text(4);
  const bytes = size === 1 ? cursor.u64() : size === 0 ? left : size;
  return { type, headBytes: cursor.offset - start, bytes };
}

/** Reads big-endian numbers one behind the other, never past its end. */
export class Cursor {
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    public offset = 0,
    readonly end = bytes.length,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.end - this.offset;
  }

  /** Moves on; returns where it was. @throws AppError invalid_image past the end */
  skip(length: number): number {
    const at = this.offset;
    if (length > this.left) throw damaged();
    this.offset += length;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.skip(1));
  }

  u16(): number {
    return this.#view.getUint16(this.skip(2));
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4));
  }

  i32(): number {
    return this.#view.getInt32(this.skip(4));
  }

  /** Numbers beyond 2^53 are no offsets of ours. */
  u64(): number {
    const value = Number(this.#view.getBigUint64(this.skip(8)));
    if (!Number.isSafeInteger(value)) throw damaged();
    return value;
  }

  /** An unsigned number of 0, 1, 2, 4 or 8 bytes. */
  sized(bytes: number): number {
    if (bytes === 0) return 0;
    if (bytes === 1) return this.u8();
    if (bytes === 2) return this.u16();
    if (bytes === 4) return this.u32();
    if (bytes === 8) return this.u64();
    throw damaged();
  }

  text(length: number): string {
    const at = this.skip(length);
    return String.fromCharCode(...this.bytes.subarray(at, at + length));
  }

  /** Text up to its zero, or the end. */
  string(): string {
    const stop = this.bytes.subarray(this.offset, this.end).indexOf(0);
    const length = stop < 0 ? this.left : stop;
    if (length > MAX_STRING) throw damaged();
    const value = this.text(length);
    if (stop >= 0) this.offset++;
    return value;
  }

  /** What is left, in the same memory. */
  rest(): Uint8Array {
    return this.bytes.subarray(this.offset, this.end);
  }

  /** A full box's version and flags. */
  head(): { version: number; flags: number } {
    const word = this.u32();
    return { version: word >>> 24, flags: word & 0xff_ffff };
  }
}

const MAX_STRING = 4096;
