/** Style sheets and `style` attributes, by the same allow-list as attributes. */
import { PROPERTIES } from "./allowed.ts";

/** Whether a value refers to anything but a part of the same drawing. */
export function refersOutside(value: string): boolean {
  // An escape can write any of these in another way.
  if (/\\|expression\s*\(|javascript:|@import|image-set/i.test(value)) return true;
  return [...value.matchAll(/url\s*\(\s*["']?\s*(.?)/gi)].some(([, first]) => first !== "#");
}

/** The parts of the drawing that a value refers to. */
export function referencesOf(value: string): string[] {
  return [...value.matchAll(/url\s*\(\s*["']?\s*#([^"')\s]+)/gi)].map(([, id]) => id ?? "");
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
  const source = stripComments(text);
  for (const [, selector = "", body = ""] of source
    .replace(/@[^{};]*(?:;|\{(?:[^{}]|\{[^{}]*\})*\})/g, "")
    .matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    const declarations = cleanDeclarations(body);
    if (/^[\w\s.#*,>+~:()[\]="'-]+$/.test(selector) && declarations !== "") {
      rules.push(`${selector.trim()}{${declarations}}`);
    }
  }
  return rules.join("\n");
}

const stripComments = (text: string): string =>
  text.replace(/\/\*[^]*?\*\//g, "").replace(/<!--|-->/g, "");
