/**
 * The fonts that text is set in: as wide as Arial, Times New Roman and Courier New, each regular,
 * bold and italic, with Latin, Greek and Cyrillic.
 */
import arimo from "@expo-google-fonts/arimo/400Regular/Arimo_400Regular.ttf";
import arimoItalic from "@expo-google-fonts/arimo/400Regular_Italic/Arimo_400Regular_Italic.ttf";
import arimoBold from "@expo-google-fonts/arimo/700Bold/Arimo_700Bold.ttf";
import arimoBoldItalic from "@expo-google-fonts/arimo/700Bold_Italic/Arimo_700Bold_Italic.ttf";
import cousine from "@expo-google-fonts/cousine/400Regular/Cousine_400Regular.ttf";
import cousineBold from "@expo-google-fonts/cousine/700Bold/Cousine_700Bold.ttf";
import tinos from "@expo-google-fonts/tinos/400Regular/Tinos_400Regular.ttf";
import tinosItalic from "@expo-google-fonts/tinos/400Regular_Italic/Tinos_400Regular_Italic.ttf";
import tinosBold from "@expo-google-fonts/tinos/700Bold/Tinos_700Bold.ttf";
import tinosBoldItalic from "@expo-google-fonts/tinos/700Bold_Italic/Tinos_700Bold_Italic.ttf";

export const FONTS: readonly Uint8Array[] = [
  ...[arimo, arimoItalic, arimoBold, arimoBoldItalic, cousine, cousineBold],
  ...[tinos, tinosItalic, tinosBold, tinosBoldItalic],
].map((file) => new Uint8Array(file));

export const FONT_BYTES = FONTS.reduce((sum, { length }) => sum + length, 0);

/** What resvg is told of them: all generic names mean the default to it. */
export const FONT_OPTIONS = { loadSystemFonts: false, defaultFontFamily: "Tinos" };

/** Names that drawings ask for, generic ones too, and what stands in. Any other is the default. */
const STAND_INS: readonly (readonly [names: RegExp, family: string])[] = [
  [
    /\b(?:Arial|Helvetica(?: Neue)?|Verdana|Tahoma|Segoe UI|Calibri|Roboto|Open Sans|Noto Sans|DejaVu Sans|Liberation Sans|Inter|Lato|Ubuntu|system-ui|(?:ui-)?sans-serif|cursive|fantasy)\b(?! Mono)/gi,
    "Arimo",
  ],
  [
    /\b(?:Courier(?: New)?|Consolas|Menlo|Monaco|DejaVu Sans Mono|Liberation Mono|Noto Sans Mono|Roboto Mono|(?:ui-)?monospace)\b/gi,
    "Cousine",
  ],
  [
    /\b(?:Times(?: New Roman)?|Georgia|Liberation Serif|DejaVu Serif|Noto Serif|(?:ui-)?serif)\b/gi,
    "Tinos",
  ],
];

/** Where a drawing says in what its text is set; what is quoted there may be written as entities. */
const DECLARATION = /\bfont(?:-family)?\s*(?:="|:)(?:[^"&;}<]|&\w+;)*/g;

/** Of what a drawing says about fonts. */
const MAX_ASKED = 65_536;

/** Those of the families that the drawing names somewhere. */
export function namedFonts(svg: string, families: Iterable<string>): Set<string> {
  const asked = [...new Set(svg.match(DECLARATION))].join("\n").slice(0, MAX_ASKED);
  return new Set([...families].filter((family) => wordsOf(family).test(asked)));
}

/**
 * The drawing with names of fonts that there are.
 * @param own names that the deployment has fonts for, and what these call themselves
 */
export function nameFonts(svg: string, own: ReadonlyMap<string, string>): string {
  const longestFirst = [...own].toSorted(([a], [b]) => b.length - a.length);
  const known: readonly (readonly [names: RegExp, family: string])[] = [
    ...longestFirst.map(([name, family]) => [wordsOf(name), family] as const),
    ...STAND_INS,
  ];
  // All at once: what stands in for one must not be taken for another.
  const names = new RegExp(known.map(([{ source }]) => `(${source})`).join("|"), "gi");
  return svg.replace(DECLARATION, (declaration) =>
    declaration.replace(names, (written, ...groups: unknown[]) => {
      const index = groups.findIndex((group) => group !== undefined);
      return known[index]?.[1] ?? written;
    }),
  );
}

/** The name in any case, as whole words. */
const wordsOf = (name: string): RegExp =>
  new RegExp(`(?<![\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`, "i");
