/**
 * Entities of an internal DTD, which older drawing programs write for namespaces. Only plain text
 * is taken: an entity that holds markup, refers to another or to anything outside is refused, so
 * nothing can grow beyond what is counted here.
 */
import { AppError } from "../../errors.ts";

const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

/** Characters that references to a DTD's entities may add up to. */
const MAX_EXPANDED = 1_000_000;

/** Characters of a DTD. */
const MAX_SUBSET = 65_536;

/** Replaces references in text and attribute values. */
export type Expand = (text: string) => string;

export const isForeign = (declaration: string): boolean =>
  /^\s*%|\b(?:SYSTEM|PUBLIC)\b/.test(declaration.replace(/"[^"]*"|'[^']*'/g, ""));

/** @param subset of a DTD, between its brackets. @throws AppError unsupported_feature */
export function createExpand(subset: string): Expand {
  const own = new Map<string, string>();
  if (subset.length > MAX_SUBSET) throw refused("is too long");
  for (const [, declaration = ""] of subset.matchAll(/<!ENTITY((?:[^<>"']|"[^"]*"|'[^']*')*)>/g)) {
    if (isForeign(declaration)) throw refused("refers to something outside the file");
    const [, name, double, single] =
      /^\s+(\S+)\s+(?:"([^"]*)"|'([^']*)')\s*$/.exec(declaration) ?? [];
    if (name === undefined) throw refused("is not understood");
    const value = double ?? single ?? "";
    if (/[<&%]/.test(value)) throw refused("holds more than text");
    own.set(name, value);
  }
  let expanded = 0;
  return (text) =>
    text.replace(
      /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([^;\s&]{1,64}));/gi,
      (whole, hex, decimal, name) => {
        if (name === undefined)
          return fromCode(parseInt(hex ?? decimal, hex === undefined ? 10 : 16));
        const value = PREDEFINED.get(name) ?? own.get(name);
        if (value === undefined) return whole;
        expanded += value.length;
        if (expanded > MAX_EXPANDED) throw refused("is used too often");
        return value;
      },
    );
}

/** Nothing for what no XML may hold. */
function fromCode(code: number): string {
  const isCharacter =
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 32 && code < 0xd800) ||
    (code >= 0xe000 && code <= 0x10_ffff && code !== 0xfffe && code !== 0xffff);
  return isCharacter ? String.fromCodePoint(code) : "";
}

const refused = (why: string): AppError =>
  new AppError("unsupported_feature", `The SVG declares an entity that ${why}.`);
