/**
 * Style sheets and `style` attributes, by the same allow-list as attributes. They may have megabytes:
 * whatever looks for something must not look again from every place where it might begin.
 */
import { PROPERTIES } from "./allowed.ts";

/** Whether a value refers to anything but a part of the same drawing. */
export function refersOutside(value: string): boolean {
  // An escape can write any of these in another way.
  if (/\\|expression\s*\(|javascript:|@import|image-set/i.test(value)) return true;
  return [...value.matchAll(/url\s*\(\s*["']?\s*(.?)/gi)].some(([, first]) => first !== "#");
}

/** The parts of the drawing that a value refers to. */
export function referencesOf(value: string): string[] {
  return [...value.matchAll(/url\s*\(\s*(?:["']\s*)?#([^"')\s]+)/gi)].map(([, id]) => id ?? "");
}

/** Declarations, those left out that are not known. */
export function cleanDeclarations(text: string): string {
  return stripComments(text)
    .split(";")
    .map((declaration) => declaration.trim())
    .filter((declaration) => {
      const [name = "", ...value] = declaration.split(":");
      return PROPERTIES.has(name.trim().toLowerCase()) && !refersOutside(value.join(":"));
    })
    .join(";");
}

/** A sheet's rules; at-rules, which load fonts and other sheets or depend on a screen, are left out. */
export function cleanSheet(text: string): string {
  const rules: string[] = [];
  const plain = stripComments(text).replace(/@[^{};@]*(?:;|\{(?:[^{}]|\{[^{}]*\})*\})/g, "");
  for (const part of plain.split("}").slice(0, -1)) {
    const [selector, body] = part.split("{").slice(-2);
    if (selector === undefined || body === undefined) continue;
    const declarations = cleanDeclarations(body);
    if (/^[\w\s.#*,>+~:()[\]="'-]+$/.test(selector) && declarations !== "") {
      rules.push(`${selector.trim()}{${declarations}}`);
    }
  }
  return rules.join("\n");
}

/** One that is not closed goes on to the end. */
function stripComments(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const start = text.indexOf("/*", at);
    parts.push(text.slice(at, start < 0 ? undefined : start));
    const end = start < 0 ? -1 : text.indexOf("*/", start + 2);
    if (end < 0) break;
    at = end + 2;
  }
  return parts.join("").replace(/<!--|-->/g, "");
}
