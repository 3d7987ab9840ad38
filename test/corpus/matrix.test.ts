/**
 * Every file of the corpus to every format that is written. An independent decoder reads each
 * output, and another, or the same, its input: both must see one picture. Prints the table of it.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sniffFormat } from "../../src/find-format.ts";
import type { Format, LaneName } from "../../src/format.ts";
import { FORMATS, type WritableFormat } from "../../src/formats.ts";
import { MAX_PIXELS, MEMORY_BUDGET_BYTES } from "../../src/limits.ts";
import type { Size } from "../../src/pipeline/geometry.ts";
import { judge, resizeSeen, type JudgeOptions, type Seen } from "../support/judges.ts";
import { LabError, startLab, type Lab } from "../support/lab-client.ts";
import { opaqueFrom, psnrAsSeen } from "../support/psnr-as-seen.ts";
import {
  isDrawn,
  isPage,
  isTransparent,
  JUDGED_AS_PNG,
  leastDb,
  reachableDb,
  refusalsOf,
} from "./expectations.ts";
import { hasCorpus, readCorpus, type CorpusFile } from "./manifest.ts";
import { createTable } from "./table.ts";
import { TARGETS, type Target } from "./targets.ts";

/** What has more pixels is made smaller on the way, */
const LARGE_PIXELS = 1_500_000;
const LARGE_SIDE = 1200;
/** except these, which stay as large as they are. */
const WHOLE = [
  "jpeg/photo-12mp-4032x3024-icc-srgb.jpg",
  "jpeg/exif-orientation-6.jpg",
  "tiff/multi-page-fax-ccitt.tif",
];

const files = readCorpus("").filter(
  ({ path, format }) => !path.startsWith("hostile/") && format !== "text",
);
const table = createTable(TARGETS.map(({ name }) => name));

let lab: Lab;
beforeAll(async () => {
  if (hasCorpus) lab = await startLab();
});
afterAll(async () => {
  await lab?.close();
  table.print();
});

/** What the table of formats says an output may have. */
function maxPixels(name: WritableFormat, lossless: boolean): number {
  const format: Format = FORMATS[name];
  return (lossless ? format.maxLosslessPixels : format.maxPixels) ?? MAX_PIXELS;
}

/** Two heavy lanes work in an isolate each; the lightest lane's codecs are in all of them. */
const isolates = (lanes: readonly LaneName[]): number =>
  Math.max(1, new Set(lanes.filter((lane) => lane !== "images")).size);

/** GIF has no half transparency, which the edges of drawings are made of. */
const WHITE = { r: 255, g: 255, b: 255, alpha: 1 };

/** One conversion at a time, so that each has the runtime, and its time, for itself. */
let turn: Promise<unknown> = Promise.resolve();
function convert(file: CorpusFile, { format, quality, lossless }: Target) {
  const { path, bytes } = file;
  const converted = turn.then(async () => {
    const input = await lab.open(bytes);
    const pixels = input.width * input.height;
    const isLarge =
      (pixels > LARGE_PIXELS && !WHOLE.includes(path)) || pixels > maxPixels(format, lossless);
    const size = isLarge ? { width: LARGE_SIDE, height: LARGE_SIDE } : {};
    const budget = isolates([FORMATS[input.format].lane, FORMATS[format].lane]);
    const start = performance.now();
    const background = format === "gif" && isDrawn(file) ? { background: WHITE } : {};
    const options = { format, quality, lossless, ...size, ...background };
    const made = await lab.convert(bytes, options, budget * MEMORY_BUDGET_BYTES);
    const natural = { width: input.width, height: input.height };
    return { ...made, isLarge, natural, ms: performance.now() - start };
  });
  turn = converted.catch(() => undefined);
  return converted;
}

/** Pages are judged by a finer drawing, as judges shrink pictures on them carelessly. */
const PAGE_OVERSAMPLING = 2;

const enlarge = ({ width, height }: Size, factor: number): Size => ({
  width: width * factor,
  height: height * factor,
});

async function judgeInput({ path, format, bytes }: CorpusFile, options: JudgeOptions) {
  if (!JUDGED_AS_PNG.includes(path)) return await judge(format.toLowerCase(), bytes, options);
  const { file } = await lab.convert(bytes, { format: "png" });
  return await judge("png", file);
}

async function judgeOutput(
  made: Size & { file: Uint8Array },
  file: CorpusFile,
  { format }: Target,
) {
  const { width, height } = made;
  // The same text in it is as hard to draw.
  if (format === "svg" && file.format === "SVG") {
    return await judgeInput(
      { ...file, bytes: Buffer.from(made.file) },
      { size: { width, height } },
    );
  }
  return await judge(format, made.file, { size: { width, height } });
}

/** The last inputs that were judged: the tests of one file follow each other. */
const KEPT = 3;
const judged = new Map<string, Promise<Seen>>();
async function seeInput(file: CorpusFile, made: Size & { natural: Size }): Promise<Seen> {
  const options = { size: isPage(file) ? enlarge(made, PAGE_OVERSAMPLING) : made.natural };
  const key = JSON.stringify([file.path, isPage(file) && options]);
  const known = judged.get(key) ?? judgeInput(file, options);
  judged.delete(key);
  judged.set(key, known);
  for (const old of [...judged.keys()].slice(0, -KEPT)) judged.delete(old);
  return await known;
}

/** Renderers smooth edges differently: what they draw is compared at a quarter of the size. */
const DRAWN_SHARE = 1 / 4;
/** Shapes are made of no more pixels than these, and compared at that size. */
const TRACED_PIXELS = 310_000;

function comparedSize({ width, height }: Size, file: CorpusFile, { format }: Target): Size {
  const traced = format === "svg" ? Math.sqrt(TRACED_PIXELS / (width * height)) : 1;
  const share = isDrawn(file) ? DRAWN_SHARE : Math.min(1, traced);
  const side = (pixels: number) => Math.max(1, Math.floor(pixels * share));
  return { width: side(width), height: side(height) };
}

async function asCompared(seen: Seen, file: CorpusFile, target: Target): Promise<Seen> {
  const held = target.format === "gif" && !isDrawn(file) ? opaqueFrom(seen) : seen;
  return await resizeSeen(held, comparedSize(seen, file, target));
}

/** What was made of pixels is drawn anew, at the size that it is compared at. */
async function seeCompared(
  made: Size & { file: Uint8Array },
  got: Seen,
  file: CorpusFile,
  target: Target,
) {
  if (target.format !== "svg" || isDrawn(file)) return await asCompared(got, file, target);
  const { width, height } = comparedSize(got, file, target);
  const sized = ` width="${width}" height="${height}"`;
  const text = Buffer.from(made.file)
    .toString()
    .replace(/ width="\d+" height="\d+"/, sized);
  return await judge("svg", Buffer.from(text));
}

describe.skipIf(!hasCorpus).concurrent("corpus: one picture, whatever the format", () => {
  for (const file of files) {
    for (const target of TARGETS.filter(({ lossless }) => !lossless || !isDrawn(file))) {
      test(`${file.path} → ${target.name}`, async () => {
        const { format } = target;
        const made = await convert(file, target).catch((error: unknown) => error as Error);
        const refusals = refusalsOf(file);
        if (made instanceof Error) {
          const code = made instanceof LabError ? made.code : "failed";
          table.add(file.path, target.name, code);
          if (refusals.length === 0) throw made;
          expect(refusals).toContain(code);
          return;
        }
        expect(refusals).toEqual([]);
        const { width, height } = made;
        expect(sniffFormat(made.file)).toBe(format === "apng" ? "png" : format);
        const got = await judgeOutput(made, file, target);
        expect(got).toMatchObject({ width, height });
        const input = await seeInput(file, made);
        if (!made.isLarge && !isPage(file) && format !== "ico") {
          expect({ width, height }).toEqual({ width: input.width, height: input.height });
        }
        const wanted = await resizeSeen(input, made);
        const compared = await asCompared(wanted, file, target);
        const seen = await seeCompared(made, got, file, target);
        const db = psnrAsSeen(seen, compared, isTransparent(file, target));
        table.add(file.path, target.name, { db, bytes: made.file.length, ms: made.ms });
        const least = leastDb(file, target);
        expect(db).toBeGreaterThan(
          db > least ? least : Math.min(least, await reachableDb(target, wanted)),
        );
      });
    }
  }
});

if (!hasCorpus) test("corpus folder not found: set CORPUS_DIR", ({ skip }) => skip());
