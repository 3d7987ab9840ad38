/** Bits as JPEG XL stores them: each byte's lowest first. ISO/IEC 18181-1:2024, section 6. */
import { truncated } from "./failures.ts";

/** What a number may be: a value, or so many bits on top of one. */
export type Choice = number | { bits: number; plus: number };

/** So many bits, and a value to be added to them. */
export const bits = (count: number, plus = 0): Choice => ({ bits: count, plus });

export interface BitReader {
  /** In bits. */
  readonly position: number;
  /** An unsigned number of up to 32 bits. @throws AppError truncated_image */
  read(count: number): number;
  flag(): boolean;
  /** Two bits that choose among four. */
  choose(a: Choice, b: Choice, c: Choice, d: Choice): number;
  enumerated(): number;
  /** A number of 16 bits with an exponent of 5. */
  half(): number;
  /** Up to 64 bits, most often few; beyond 2^53 it is not exact. */
  long(): number;
  /** Moves on to the next whole byte. */
  align(): void;
}

export function createBitReader(bytes: Uint8Array, start = 0): BitReader {
  let at = start * 8;

  function read(count: number): number {
    if (at + count > bytes.length * 8) throw truncated();
    let value = 0;
    for (let i = 0; i < count; i++, at++) {
      if ((((bytes[at >> 3] as number) >> (at & 7)) & 1) === 1) value += 2 ** i;
    }
    return value;
  }

  function choose(...choices: [Choice, Choice, Choice, Choice]): number {
    const choice = choices[read(2)] as Choice;
    return typeof choice === "number" ? choice : read(choice.bits) + choice.plus;
  }

  function long(): number {
    const kind = read(2);
    if (kind < 3) return kind === 0 ? 0 : kind === 1 ? read(4) + 1 : read(8) + 17;
    let value = read(12);
    for (let shift = 12; read(1) === 1; shift += 8) {
      value += read(shift === 60 ? 4 : 8) * 2 ** shift;
      if (shift === 60) break;
    }
    return value;
  }

  return {
    get position() {
      return at;
    },
    read,
    long,
    align: () => {
      at = (at + 7) & ~7;
    },
    choose,
    flag: () => read(1) === 1,
    enumerated: () => choose(0, 1, bits(4, 2), bits(6, 18)),
    half: () => {
      const word = read(16);
      const [exponent, fraction] = [(word >> 10) & 31, word & 1023];
      const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
      return word >> 15 === 1 ? -size : size;
    },
  };
}
