/**
 * Makes compiled/*.wasm of modules that packages have, where those need a change to be usable here.
 * Does nothing when they are up to date. Fails where a package has changed.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { meter } from "./metering.ts";
import {
  addGlobal,
  exportGlobal,
  joinModule,
  replaceOnce,
  setInitialPages,
  setMostPages,
  splitModule,
} from "./module-sections.ts";

const require = createRequire(import.meta.url);
const folder = join(import.meta.dirname, "compiled");

/** (br_if 1 (i32.ne (i32.load offset=36 (local.get 0)) (i32.const 1))): the picture's layout. */
const REFUSE_LAYOUT = [0x20, 0x00, 0x28, 0x02, 0x24, 0x41, 0x01, 0x47, 0x0d, 0x01];
/** (i32.gt_u … (i32.const 3)), which none of Dav1dPixelLayout is. */
const REFUSE_NONE = [0x20, 0x00, 0x28, 0x02, 0x24, 0x41, 0x03, 0x4b, 0x0d, 0x01];

/**
 * dav1d as ogv compiles it, with its stack pointer (LLVM's first global) exported. The package gives
 * it a stack of 64 KiB, whose end dav1d's loop restoration passes by 200 KiB, into its own tables;
 * dav1d.ts gives it a larger one. Its wrapper in C decodes pictures of any layout, and then aborts on
 * those whose chroma has not half of the columns and rows: it is to hand out these, too.
 */
function makeDav1d(): Uint8Array {
  const module = readFileSync(require.resolve("ogv/dist/ogv-decoder-video-av1-simd-wasm.wasm"));
  const willing = replaceOnce(splitModule(module), REFUSE_LAYOUT, REFUSE_NONE);
  return joinModule(exportGlobal(willing, 0, "stackPointer"));
}

/** 4 MiB; what is in it takes 1.3. */
const KVAZAAR_PAGES = 64;

/** i64.const: the type of libheif's parameter "quality" (1), and its default (50) in the high half. */
const QUALITY_CONSTANT = [0x42, 0x81, 0x80, 0x80, 0x80, 0xa0, 0x06];
const GLOBAL_GET = 0x23;
const NOP = 0x01;

/**
 * kvazaar with libheif as elheif compiles them, out of the script that has the module as base64 (and
 * glue that makes functions of text, which workerd refuses). It begins with 64 MiB of memory, most of
 * which small pictures never need, and has one quality for all: the constant that it is becomes a
 * global that can be set.
 */
function makeKvazaar(): Uint8Array {
  const script = readFileSync(require.resolve("elheif/pkg/elheif-wasm.js"), "utf8");
  const [, base64] = /data:application\/octet-stream;base64,([A-Za-z0-9+/=]+)/.exec(script) ?? [];
  if (!base64) throw new Error("elheif has no module where it used to be");
  const { sections, index } = addGlobal(splitModule(Buffer.from(base64, "base64")));
  const read = [GLOBAL_GET, index, ...QUALITY_CONSTANT.slice(2).map(() => NOP)];
  const settable = replaceOnce(sections, QUALITY_CONSTANT, read);
  return joinModule(
    exportGlobal(setInitialPages(settable, KVAZAAR_PAGES), index, "qualityParameter"),
  );
}

/** 96 MiB: more than that no picture gets, whatever its data say. */
const OXIDE_MOST_PAGES = 1536;

/** jxl-oxide as its package has it, with an end to its memory. */
function makeOxide(): Uint8Array {
  const module = readFileSync(fileURLToPath(import.meta.resolve("jxl-oxide-wasm/module.wasm")));
  return joinModule(setMostPages(splitModule(module), OXIDE_MOST_PAGES));
}

/** resvg and PDFium draw what anybody sends: they count their steps. */
const makeResvg = (): Uint8Array =>
  joinModule(meter(readFileSync(require.resolve("@resvg/resvg-wasm/index_bg.wasm"))));

const makePdfium = (): Uint8Array =>
  joinModule(meter(readFileSync(require.resolve("@hyzyla/pdfium/pdfium.wasm"))));

const MODULES: Record<string, () => Uint8Array> = {
  "dav1d.wasm": makeDav1d,
  "jxl-oxide.wasm": makeOxide,
  "kvazaar.wasm": makeKvazaar,
  "pdfium.wasm": makePdfium,
  "resvg.wasm": makeResvg,
};

/** Packages are installed anew with other versions: package.json says which. */
const sources = [
  import.meta.filename,
  ...["module-sections.ts", "metering.ts", "instructions.ts"].map((name) =>
    join(import.meta.dirname, name),
  ),
  join(import.meta.dirname, "../../package.json"),
];
const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
mkdirSync(folder, { recursive: true });
for (const [name, make] of Object.entries(MODULES)) {
  const target = join(folder, name);
  if (!existsSync(target) || statSync(target).mtimeMs < newest) writeFileSync(target, make());
}
