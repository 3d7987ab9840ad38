/** Changes to compiled WebAssembly modules, section by section. Core specification, section 5.5. */

interface Section {
  id: number;
  content: Uint8Array;
}

/** Numbers of sections. */
const TYPE = 1;
const IMPORT = 2;
const FUNCTION = 3;
const MEMORY = 5;
const GLOBAL = 6;
const EXPORT = 7;
const CODE = 10;

const HEADER_BYTES = 8;
const GLOBAL_KIND = 3;

/** Unsigned LEB128. */
export function readNumber(bytes: Uint8Array, offset: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0, at = offset; ; shift += 7, at++) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}

export function writeNumber(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...writeNumber(value >>> 7)];
}

export function splitModule(module: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (let offset = HEADER_BYTES; offset < module.length;) {
    const { value: length, end: start } = readNumber(module, offset + 1);
    sections.push({ id: module[offset] ?? 0, content: module.subarray(start, start + length) });
    offset = start + length;
  }
  return sections;
}

export function joinModule(sections: readonly Section[]): Uint8Array {
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  return Buffer.concat([
    Uint8Array.from(header),
    ...sections.flatMap(({ id, content }) => [
      Uint8Array.from([id, ...writeNumber(content.length)]),
      content,
    ]),
  ]);
}

function change(
  sections: readonly Section[],
  id: number,
  by: (content: Uint8Array) => Uint8Array,
): Section[] {
  if (!sections.some((section) => section.id === id)) throw new Error(`no section ${id}`);
  return sections.map((one) => (one.id === id ? { id, content: by(one.content) } : one));
}

/** One entry more at the end of a section that is a list. */
function append(content: Uint8Array, entry: readonly number[]): Uint8Array {
  const { value: count, end } = readNumber(content, 0);
  return Uint8Array.from([...writeNumber(count + 1), ...content.subarray(end), ...entry]);
}

export function exportGlobal(sections: Section[], index: number, name: string): Section[] {
  const entry = [name.length, ...Buffer.from(name), GLOBAL_KIND, ...writeNumber(index)];
  return change(sections, EXPORT, (content) => append(content, entry));
}

/** A new i64 that can be set from outside, at first 0. Its index is the number of those before it. */
export function addGlobal(sections: Section[]): { sections: Section[]; index: number } {
  const globals = sections.find(({ id }) => id === GLOBAL)?.content ?? new Uint8Array(1);
  const index = readNumber(globals, 0).value;
  const entry = [0x7e, 0x01, 0x42, 0x00, 0x0b];
  return { sections: change(sections, GLOBAL, (content) => append(content, entry)), index };
}

/**
 * New functions that give nothing back.
 * @param parameters types of their parameters, the same for all
 * @param bodies of each: its variables, then its code
 * @returns the index of the first
 */
export function addFunctions(
  sections: Section[],
  parameters: readonly number[],
  bodies: readonly (readonly number[])[],
): { sections: Section[]; index: number } {
  const countOf = (wanted: number): number =>
    readNumber(sections.find(({ id }) => id === wanted)?.content ?? new Uint8Array(1), 0).value;
  const type = countOf(TYPE);
  const signature = [0x60, parameters.length, ...parameters, 0];
  let changed = change(sections, TYPE, (content) => append(content, signature));
  for (const body of bodies) {
    changed = change(changed, FUNCTION, (content) => append(content, writeNumber(type)));
    const entry = [...writeNumber(body.length), ...body];
    changed = change(changed, CODE, (content) => append(content, entry));
  }
  return { sections: changed, index: countImported(sections) + countOf(FUNCTION) };
}

/** Functions come first in the index space where they are imported. */
function countImported(sections: readonly Section[]): number {
  const content = sections.find(({ id }) => id === IMPORT)?.content ?? new Uint8Array(1);
  let { value: left, end: at } = readNumber(content, 0);
  let functions = 0;
  for (; left > 0; left--) {
    for (let names = 0; names < 2; names++) {
      const { value: length, end } = readNumber(content, at);
      at = end + length;
    }
    const kind = content[at] as number;
    if (kind !== 0) throw new Error("something else than functions is imported");
    functions++;
    at = readNumber(content, at + 1).end;
  }
  return functions;
}

/** @param most how many, of the first on; from the end where it is negative */
export function changeBodies(
  sections: readonly Section[],
  most: number,
  by: (body: Uint8Array) => Uint8Array,
): Section[] {
  return change(sections, CODE, (content) => {
    const { value: count, end } = readNumber(content, 0);
    const parts: Uint8Array[] = [content.subarray(0, end)];
    let at = end;
    for (let index = 0; index < count; index++) {
      const { value: length, end: start } = readNumber(content, at);
      at = start + length;
      const body = content.subarray(start, at);
      const changed = index < (most < 0 ? count + most : most) ? by(body) : body;
      parts.push(Uint8Array.from(writeNumber(changed.length)), changed);
    }
    return Buffer.concat(parts);
  });
}

/** How many pages the memory has to begin with; the most that it may have stays. */
export function setInitialPages(sections: Section[], pages: number): Section[] {
  return change(sections, MEMORY, (content) => {
    const { end: flags } = readNumber(content, 0);
    const { end } = readNumber(content, flags + 1);
    const head = content.subarray(0, flags + 1);
    return Uint8Array.from([...head, ...writeNumber(pages), ...content.subarray(end)]);
  });
}

/** How many pages a memory that had no limit may have. */
export function setMostPages(sections: Section[], pages: number): Section[] {
  return change(sections, MEMORY, (content) => {
    const { value: initial } = readNumber(content, 2);
    if (content[0] !== 1 || content[1] !== 0) throw new Error("another memory");
    return Uint8Array.from([1, 1, ...writeNumber(initial), ...writeNumber(pages)]);
  });
}

/** Replaces what must be there once. */
export function replaceOnce(
  sections: readonly Section[],
  from: readonly number[],
  to: readonly number[],
): Section[] {
  let found = 0;
  const changed = sections.map(({ id, content }) => {
    const bytes = Buffer.from(content);
    const needle = Buffer.from(from);
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
      bytes.set(to, at);
      found++;
    }
    return { id, content: bytes };
  });
  if (from.length !== to.length || found !== 1) throw new Error(`found ${found} times`);
  return changed;
}
