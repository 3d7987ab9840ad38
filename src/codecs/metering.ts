/**
 * A limit to how long a compiled module works, which needs no clock: a Worker's stands still while it
 * computes. Every function and every round of a loop takes the number of its own instructions from a
 * counter, and the module traps where nothing is left.
 */
import { MEMORY_COPY, MEMORY_FILL, OP, skipInstruction } from "./instructions.ts";
import {
  addFunctions,
  addGlobal,
  changeBodies,
  exportGlobal,
  readNumber,
  splitModule,
  writeNumber,
} from "./module-sections.ts";

/** What the counter, an i64 that can be set, is exported as. */
export const STEPS_EXPORT = "stepsLeft";

/** Bytes that a copy moves in the time of a step, about. */
const BYTES_A_STEP_LOG2 = 3;

const I32 = 0x7f;
const [I64_CONST, I64_SUB, I64_LT_S, I64_EXTEND_I32_U] = [0x42, 0x7d, 0x53, 0xad];
const [I32_CONST, I32_SHR_U, LOCAL_GET, UNREACHABLE, NO_RESULT] = [0x41, 0x76, 0x20, 0x00, 0x40];

/** Signed LEB128 of what is not negative. */
const writeSigned = (value: number): number[] =>
  value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...writeSigned(value >>> 7)];

/** Instructions that take an i64, which `amount` leaves on the stack, from the counter. */
function charge(counter: number, amount: readonly number[]): number[] {
  const [get, set] = [OP.globalGet, OP.globalSet].map((op) => [op, ...writeNumber(counter)]) as [
    number[],
    number[],
  ];
  return [
    ...[...get, ...amount, I64_SUB, ...set],
    ...[...get, I64_CONST, 0, I64_LT_S, OP.if, NO_RESULT, UNREACHABLE, OP.end],
  ];
}

/** The module with the counter, which is 0 at first: nothing runs before it is set. */
export function meter(module: Uint8Array): ReturnType<typeof splitModule> {
  const { sections, index: counter } = addGlobal(splitModule(module));
  const exported = exportGlobal(sections, counter, STEPS_EXPORT);
  // Copying and filling take as long as they are large.
  const { sections: extended, index: first } = addFunctions(
    exported,
    [I32, I32, I32],
    [bulk(counter, [OP.prefix, MEMORY_COPY, 0, 0]), bulk(counter, [OP.prefix, MEMORY_FILL, 0])],
  );
  return changeBodies(extended, -2, (body) => meterBody(body, counter, first));
}

function bulk(counter: number, operation: readonly number[]): number[] {
  const length = [LOCAL_GET, 2, I32_CONST, BYTES_A_STEP_LOG2, I32_SHR_U, I64_EXTEND_I32_U];
  const operands = [0, 1, 2].flatMap((local) => [LOCAL_GET, local]);
  return [0, ...charge(counter, length), ...operands, ...operation, OP.end];
}

interface Region {
  /** Where it is charged. */
  at: number;
  /** Instructions in it that are in no loop of its own. */
  instructions: number;
  /** Whether it has a table of branches, as parsers and interpreters do. */
  chooses: boolean;
}

/** Long code with a table of branches runs one of them: so many instructions, and a share of the rest. */
const STRAIGHT = 24;
const BRANCHES = 8;

const price = ({ instructions, chooses }: Region): number =>
  chooses && instructions > STRAIGHT
    ? STRAIGHT + Math.ceil((instructions - STRAIGHT) / BRANCHES)
    : instructions;

/** @param body a function's: its variables, then its code */
function meterBody(body: Uint8Array, counter: number, firstBulk: number): Uint8Array {
  const start = skipVariables(body);
  const regions: Region[] = [{ at: start, instructions: 0, chooses: false }];
  const bulks: { at: number; end: number; call: number }[] = [];
  /** Of the blocks that are open, the region around each. */
  const open: Region[] = [];
  let region = regions[0] as Region;
  for (let at = start; at < body.length;) {
    const end = skipInstruction(body, at);
    const op = body[at] as number;
    region.instructions++;
    region.chooses ||= op === OP.branchTable;
    if (op >= OP.block && op <= OP.if) {
      open.push(region);
      if (op === OP.loop) regions.push((region = { at: end, instructions: 1, chooses: false }));
    } else if (op === OP.end) region = open.pop() ?? region;
    else if (op === OP.prefix && (body[at + 1] === MEMORY_COPY || body[at + 1] === MEMORY_FILL)) {
      bulks.push({ at, end, call: firstBulk + (body[at + 1] as number) - MEMORY_COPY });
    }
    at = end;
  }
  const edits = [
    ...regions.map((charged) => ({
      ...{ at: charged.at, end: charged.at },
      code: charge(counter, [I64_CONST, ...writeSigned(price(charged))]),
    })),
    ...bulks.map(({ at, end, call }) => ({ at, end, code: [OP.call, ...writeNumber(call)] })),
  ].toSorted((a, b) => a.at - b.at || a.end - b.end);
  const parts: Uint8Array[] = [];
  let copied = 0;
  for (const { at, end, code } of edits) {
    parts.push(body.subarray(copied, at), Uint8Array.from(code));
    copied = end;
  }
  return Buffer.concat([...parts, body.subarray(copied)]);
}

function skipVariables(body: Uint8Array): number {
  let { value: groups, end } = readNumber(body, 0);
  for (; groups > 0; groups--) end = readNumber(body, end).end + 1;
  return end;
}
