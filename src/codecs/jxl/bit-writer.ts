/** Writes bits as JPEG XL stores them, each byte's lowest first, into room that is given. */

export interface BitWriter {
  /** Bytes that are whole. */
  readonly at: number;
  /** @param count up to 24 */
  put(value: number, count: number): void;
  flag(value: boolean): void;
  /** Pads the last byte with zeros. */
  align(): void;
}

/** @param room grows, where a function is given that makes more */
export function createBitWriter(room: Uint8Array, start = 0): BitWriter {
  let [at, pending, count] = [start, 0, 0];
  const writer = {
    get at() {
      return at;
    },
    put(value: number, bits: number): void {
      pending |= value << count;
      count += bits;
      while (count >= 8) {
        room[at++] = pending;
        pending >>>= 8;
        count -= 8;
      }
    },
    flag: (value: boolean) => writer.put(value ? 1 : 0, 1),
    align(): void {
      if (count > 0) room[at++] = pending;
      pending = 0;
      count = 0;
    },
  };
  return writer;
}

/** What stands for a number: which of four ranges it is in, and where there. */
export type Range = readonly [bits: number, plus: number];

/** The reverse of BitReader's `choose`. The first range that has the value is taken. */
export function putChoice(writer: BitWriter, value: number, ranges: readonly Range[]): void {
  const chosen = ranges.findIndex(([bits, plus]) => value >= plus && value < plus + 2 ** bits);
  const [bits, plus] = ranges[chosen] as Range;
  writer.put(chosen, 2);
  putLong(writer, value - plus, bits);
}

/** More bits than `put` takes at once. */
export function putLong(writer: BitWriter, value: number, bits: number): void {
  for (let from = 0; from < bits; from += 16) {
    writer.put(
      Math.floor(value / 2 ** from) & 0xffff & (2 ** (bits - from) - 1),
      Math.min(16, bits - from),
    );
  }
}
