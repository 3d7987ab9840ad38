/** WebAssembly code, instruction by instruction. Core specification 2.0, section 5.4. */
import { readNumber } from "./module-sections.ts";

export const OP = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  branchTable: 0x0e,
  call: 0x10,
  globalGet: 0x23,
  globalSet: 0x24,
  prefix: 0xfc,
  vector: 0xfd,
} as const;

/** Of those behind `prefix`. */
export const MEMORY_COPY = 10;
export const MEMORY_FILL = 11;

/** A number of LEB128, of either sign, that is passed over. */
function skipNumber(code: Uint8Array, at: number): number {
  let end = at;
  while ((code[end] as number) >= 0x80) end++;
  return end + 1;
}

function skipNumbers(code: Uint8Array, at: number, count: number): number {
  let end = at;
  for (let i = 0; i < count; i++) end = skipNumber(code, end);
  return end;
}

/** How many numbers follow an instruction; one of each pair is the first, and the last. */
const NUMBERS: readonly (readonly [from: number, to: number, numbers: number])[] = [
  [0x00, 0x01, 0], // unreachable, nop
  [0x02, 0x04, 1], // block, loop, if: their type
  [0x05, 0x05, 0], // else
  [0x0b, 0x0b, 0], // end
  [0x0c, 0x0d, 1], // br, br_if
  [0x0f, 0x0f, 0], // return
  [0x10, 0x10, 1], // call
  [0x11, 0x11, 2], // call_indirect
  [0x1a, 0x1b, 0], // drop, select
  [0x20, 0x26, 1], // variables, tables
  [0x28, 0x3e, 2], // loads and stores: alignment, offset
  [0x3f, 0x40, 1], // memory.size, memory.grow
  [0x41, 0x42, 1], // i32.const, i64.const
  [0x45, 0xc4, 0], // numeric
  [0xd0, 0xd0, 1], // ref.null
  [0xd1, 0xd1, 0], // ref.is_null
  [0xd2, 0xd2, 1], // ref.func
];
const NUMBERS_BY_OP = new Int8Array(256).fill(-1);
for (const [from, to, numbers] of NUMBERS) NUMBERS_BY_OP.fill(numbers, from, to + 1);

/** Behind `prefix`: saturating conversions, then memory and table operations. */
const PREFIXED_NUMBERS = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1];

/** @returns where the instruction behind the one at `at` begins @throws Error where it is not known */
export function skipInstruction(code: Uint8Array, at: number): number {
  const op = code[at] as number;
  const numbers = NUMBERS_BY_OP[op] as number;
  if (numbers >= 0) return skipNumbers(code, at + 1, numbers);
  if (op === 0x43) return at + 5; // f32.const
  if (op === 0x44) return at + 9; // f64.const
  if (op === OP.branchTable || op === 0x1c) {
    // br_table has one label more than it says; select says its types.
    const { value, end } = readNumber(code, at + 1);
    return skipNumbers(code, end, op === OP.branchTable ? value + 1 : value);
  }
  if (op === OP.prefix || op === OP.vector) {
    const { value, end } = readNumber(code, at + 1);
    if (op === OP.vector) return skipVector(code, value, end);
    const prefixed = PREFIXED_NUMBERS[value];
    if (prefixed !== undefined) return skipNumbers(code, end, prefixed);
  }
  throw new Error(`unknown instruction ${op} at ${at}`);
}

function skipVector(code: Uint8Array, op: number, at: number): number {
  if (op <= 11 || op === 92 || op === 93) return skipNumbers(code, at, 2); // loads, stores
  if (op === 12 || op === 13) return at + 16; // v128.const, i8x16.shuffle
  if (op >= 21 && op <= 34) return at + 1; // lanes
  if (op >= 84 && op <= 91) return skipNumbers(code, at, 2) + 1; // loads and stores of lanes
  return at;
}
