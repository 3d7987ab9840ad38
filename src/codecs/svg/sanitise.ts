/**
 * An SVG as it is drawn and as it leaves: read, and written again with only what the allow-list
 * knows. Nothing is copied that runs, that is fetched, or that is not understood.
 */
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import { ATTRIBUTES, ELEMENTS, PICTURE_ELEMENTS, PROPERTIES } from "./allowed.ts";
import { cleanDeclarations, cleanSheet, referencesOf, refersOutside } from "./css.ts";
import { COSTS, countNumbers, createWeigher } from "./weight.ts";
import { readXml } from "./xml.ts";

export interface CleanSvg {
  /** Of the outermost element. */
  attributes: ReadonlyMap<string, string>;
  /** What is in it. */
  body: string;
  /** Whether there is text to be set. */
  hasText: boolean;
  /** `data:` URIs of the pictures in it. */
  pictures: readonly string[];
  /** How many layers of pixels can lie on each other while it is drawn. */
  layers: number;
  /** What it takes once it is parsed. */
  treeBytes: number;
}

const MAX_DEPTH = 200;
/** About 50,000 paths, or one of a million points. */
const MAX_TREE_BYTES = 44 * MIB;

/** Properties that make an element be drawn on layers of its own, and how many, as measured. */
const LAYERING = /\b(?:opacity|mask|clip-path|mix-blend-mode|isolation|enable-background)\b/;
const LAYERS = 1.5;
/** Elements that clip what is in them, which is the same. */
const CLIPPING: ReadonlySet<string> = new Set(["svg", "symbol", "marker"]);
const CLIPPING_FIT = /\bslice\b/;
/** Of a style sheet's rules it is not known how they lie in each other. */
const SHEET_LAYERS = 2 * LAYERS;
/** A filter has one for each of its steps beside these. */
const FILTERING = /\bfilter\b/;
const FILTER_LAYERS = 5;

const TEXT_ELEMENTS: ReadonlySet<string> = new Set(["title", "desc", "style", "text", "tspan", "tref", "textPath", "a"]); // prettier-ignore

const PICTURE = /^data:image\/(?:png|jpe?g|gif);base64,/i;

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export function sanitise(source: string): CleanSvg {
  const parts: string[] = [];
  const pictures: string[] = [];
  const weigher = createWeigher();
  /** Open elements that are kept, and whether each has a layer. */
  const open: { name: string; layers: number; filters: boolean }[] = [];
  let root: ReadonlyMap<string, string> | undefined;
  let sheet = "";
  let hasText = false;
  let layers = 0;
  let sheetLayers = 0;
  let filters = 0;
  let sheetFilters = 0;
  /** Steps of the filter that is open, and of the longest. */
  let steps = 0;
  let mostSteps = 0;
  /** Depth in an element that is left out. */
  let skipped = 0;

  const start = (written: string, given: ReadonlyMap<string, string>): void => {
    const name = localName(written);
    if (!root && name !== "svg") throw new AppError("invalid_image", "The file is no SVG.");
    if (skipped > 0 || name === null || !ELEMENTS.has(name)) {
      skipped++;
      return;
    }
    if (open.length >= MAX_DEPTH) throw tooDeep();
    const attributes = cleanAttributes(name, given, pictures);
    const values = [...attributes.values()];
    const references = values.flatMap(referencesOf);
    const target = attributes.get("href");
    if (target?.startsWith("#")) references.push(target.slice(1));
    weigher.start(attributes.get("id"), references, attributes.has("class"));
    weigher.add(COSTS.number * (countNumbers(attributes.get("d") ?? "") + countNumbers(attributes.get("points") ?? ""))); // prettier-ignore
    hasText ||= name === "text";
    steps = name === "filter" ? 0 : steps + (name.startsWith("fe") ? 1 : 0);
    mostSteps = Math.max(mostSteps, steps);
    const properties = [...attributes.keys(), attributes.get("style") ?? ""].join(" ");
    const clips =
      (root !== undefined && CLIPPING.has(name)) ||
      CLIPPING_FIT.test(attributes.get("preserveAspectRatio") ?? "");
    open.push({
      name,
      layers: (LAYERING.test(properties) ? LAYERS : 0) + (clips ? LAYERS : 0),
      filters: FILTERING.test(properties),
    });
    layers = Math.max(
      layers,
      open.reduce((sum, element) => sum + element.layers, 0),
    );
    filters = Math.max(filters, open.filter((element) => element.filters).length);
    if (!root) root = attributes;
    else if (name !== "style") parts.push(`<${shownName(name)}${writeAttributes(attributes)}>`);
  };

  readXml(source, {
    start,
    text(text) {
      const name = open.at(-1)?.name ?? "";
      if (skipped > 0 || !TEXT_ELEMENTS.has(name)) return;
      if (name === "style") sheet += text;
      else {
        weigher.add(COSTS.character * text.trim().length);
        parts.push(escapeText(text));
      }
    },
    end() {
      if (skipped > 0) {
        skipped--;
        return;
      }
      weigher.end();
      const { name = "" } = open.pop() ?? {};
      if (name === "style") {
        const rules = cleanSheet(sheet);
        weigher.sheet(referencesOf(rules));
        if (LAYERING.test(rules) || /\boverflow\b/.test(rules)) sheetLayers = SHEET_LAYERS;
        if (FILTERING.test(rules)) sheetFilters = 1;
        if (rules !== "") parts.push(`<style>${escapeText(rules)}</style>`);
        sheet = "";
      } else if (open.length > 0) parts.push(`</${shownName(name)}>`);
    },
  });
  const treeBytes = weigher.weigh(MAX_TREE_BYTES);
  if (treeBytes > MAX_TREE_BYTES) {
    throw new AppError("memory_limit", "The SVG has too many parts.", {
      ...{ limit: "svg_parts", limit_bytes: MAX_TREE_BYTES },
    });
  }
  layers += sheetLayers + (filters + sheetFilters) * (FILTER_LAYERS + mostSteps);
  return { attributes: root ?? new Map(), body: parts.join(""), hasText, pictures, layers, treeBytes }; // prettier-ignore
}

const tooDeep = (): AppError =>
  new AppError("unsupported_feature", "The SVG is nested too deeply.", { limit_depth: MAX_DEPTH });

/** Null for names of other vocabularies. */
function localName(written: string): string | null {
  const [prefix, local] = written.split(":");
  if (local === undefined) return prefix ?? null;
  return prefix === "svg" ? local : null;
}

/** Links lead nowhere: what is in them is drawn as a group. */
const shownName = (name: string): string => (name === "a" ? "g" : name);

function cleanAttributes(
  element: string,
  given: ReadonlyMap<string, string>,
  pictures: string[],
): ReadonlyMap<string, string> {
  const kept = new Map<string, string>();
  for (const [written, value] of given) {
    const name = written === "xml:id" ? "id" : written;
    if (name === "href" || name === "xlink:href") {
      const target = cleanReference(element, value);
      if (target === null) continue;
      if (target.startsWith("data:")) pictures.push(target);
      kept.set("href", target);
    } else if (name === "style") kept.set(name, cleanDeclarations(value));
    else if ((ATTRIBUTES.has(name) || PROPERTIES.has(name)) && !refersOutside(value)) {
      kept.set(name, value);
    }
  }
  return kept;
}

/** A part of the same drawing, or a picture in the file itself; null for what is elsewhere. */
function cleanReference(element: string, value: string): string | null {
  const target = value.trim();
  if (element === "a") return null;
  if (/^#[^\s"'<>]+$/.test(target)) return target;
  return PICTURE_ELEMENTS.has(element) && PICTURE.test(target)
    ? target.replaceAll(/\s/g, "")
    : null;
}

export function writeAttributes(attributes: ReadonlyMap<string, string>): string {
  return [...attributes]
    .map(
      ([name, value]) =>
        ` ${name === "href" ? "xlink:href" : name}="${escapeText(value).replaceAll('"', "&quot;")}"`,
    ) // prettier-ignore
    .join("");
}

const escapeText = (text: string): string =>
  // Control characters are in no XML.
  text
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
