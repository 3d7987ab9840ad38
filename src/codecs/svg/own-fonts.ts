/** The fonts of a deployment that a drawing asks for, as far as they can be used. */
import { readAll } from "../../pipeline/bytes.ts";
import type { FontLibrary, StoredFont } from "../../pipeline/fonts.ts";
import { MIB } from "../../limits.ts";
import type { InstanceKind, PooledInstance, Workspace } from "../../pipeline/memory.ts";
import type { Warning } from "../../pipeline/picture.ts";
import { readFontFamily } from "./font-file.ts";
import { namedFonts } from "./fonts.ts";
import { writeAttributes, type CleanSvg } from "./sanitise.ts";

/** Of one drawing; a font for Chinese or Japanese has 5 to 16 MiB. */
const MAX_FONTS = 16;
const MAX_BYTES = 16 * MIB;

export interface OwnFonts {
  /** By the name that drawings use, what the font calls itself. */
  names: ReadonlyMap<string, string>;
  bytes: number;
  /** Of fonts that were asked for and are not used. */
  warnings: readonly Warning[];
  /** The files, held by the workspace, which counts them. @throws AppError storage_unavailable */
  load(workspace: Workspace): Promise<readonly Uint8Array[]>;
}

const NONE: OwnFonts = {
  names: new Map(),
  bytes: 0,
  warnings: [],
  load: () => Promise.resolve([]),
};

/** @throws AppError storage_unavailable */
export async function findFonts(svg: CleanSvg, library: FontLibrary | null): Promise<OwnFonts> {
  const text = `<svg${writeAttributes(svg.attributes)}>${svg.body}`;
  if (!library || !svg.hasText || !text.includes("font")) return NONE;
  const stored = await library.list();
  const asked = namedFonts(text, new Set(stored.map(({ family }) => family)));
  const chosen: StoredFont[] = [];
  const names = new Map<string, string>();
  const warnings: Warning[] = [];
  let bytes = 0;
  for (const font of stored.filter(({ family }) => asked.has(family))) {
    const ignore = (why: string) =>
      warnings.push({
        code: "font_ignored",
        message: `The font ${font.family}/${font.filename} was not used: ${why}.`,
      });
    if (chosen.length >= MAX_FONTS || bytes + font.sizeBytes > MAX_BYTES) {
      ignore(`a drawing's fonts are ${MAX_FONTS} at most, of ${MAX_BYTES / MIB} MiB together`);
      continue;
    }
    const own = font.sizeBytes > 0 ? await readFontFamily(await font.open()) : null;
    if (own === null) ignore("it is no TrueType or OpenType font, or is damaged");
    else if (own !== (names.get(font.family) ?? own)) ignore(`it is of another family, ${own}`);
    else {
      names.set(font.family, own);
      chosen.push(font);
      bytes += font.sizeBytes;
    }
  }
  const kinds = chosen.map(kindOf);
  return {
    ...{ names, bytes, warnings },
    async load(workspace) {
      const fonts: Uint8Array[] = [];
      for (const { kind, sizeBytes } of kinds) {
        fonts.push((await workspace.take(kind, sizeBytes)).data);
      }
      return fonts;
    },
  };
}

/** A file that stays in the isolate, among the pool's instances, as long as there is room. */
class HeldFont implements PooledInstance {
  readonly survivesFailure = true;

  constructor(readonly data: Uint8Array) {}

  get bytes(): number {
    return this.data.length;
  }

  /** It holds nothing of any job. */
  wipe(): void {}
}

interface Held {
  kind: InstanceKind<HeldFont>;
  sizeBytes: number;
  /** The latest of the job's ways to the store. */
  font: StoredFont;
}

/** By the fonts' ids, the most recently used last. */
const held = new Map<string, Held>();
/** Of which it is remembered that they may be in the pool. */
const MAX_HELD = 64;

function kindOf(font: StoredFont): Held {
  const known = held.get(font.id);
  const entry: Held = known ?? {
    kind: { name: `font ${font.id}`, create: () => load(entry.font) },
    sizeBytes: font.sizeBytes,
    font,
  };
  entry.font = font;
  held.delete(font.id);
  held.set(font.id, entry);
  const [oldest] = held.keys();
  if (held.size > MAX_HELD && oldest !== undefined) held.delete(oldest);
  return entry;
}

async function load(font: StoredFont): Promise<HeldFont> {
  const data = new Uint8Array(font.sizeBytes);
  await readAll(await font.open(), (offset, chunk) => data.set(chunk, offset));
  return new HeldFont(data);
}
