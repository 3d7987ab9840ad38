import type { Background } from "../../pipeline/options.ts";

const WORDS: Readonly<Record<string, Background>> = {
  white: { r: 255, g: 255, b: 255, alpha: 1 },
  black: { r: 0, g: 0, b: 0, alpha: 1 },
  transparent: { r: 0, g: 0, b: 0, alpha: 0 },
};

/** "#rgb", "#rgba", "#rrggbb", "#rrggbbaa", or one of the words; undefined for anything else. */
export function parseBackground(text: string): Background | undefined {
  const value = text.trim().toLowerCase();
  if (Object.hasOwn(WORDS, value)) return WORDS[value];
  const digits = /^#((?:[0-9a-f]{3,4}){1,2})$/.exec(value)?.[1];
  if (digits === undefined) return undefined;
  const width = digits.length > 4 ? 2 : 1;
  const channel = (index: number): number => {
    const hex = digits.slice(index * width, (index + 1) * width);
    return hex === "" ? 255 : Number.parseInt(width === 1 ? hex + hex : hex, 16);
  };
  return { r: channel(0), g: channel(1), b: channel(2), alpha: channel(3) / 255 };
}
