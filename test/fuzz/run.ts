/**
 * `npm run fuzz -- FORMAT COUNT [FIRST]`: damages files of the format, real ones of the corpus
 * among them, and decodes them. A fault is told with its number; the file is kept.
 */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFormat } from "../../src/find-format.ts";
import { startFuzz } from "./campaign.ts";
import { mutate } from "./mutate.ts";
import { isSeeded, makeSeeds, seededFormats } from "./seeds.ts";

const CORPUS = process.env["CORPUS_DIR"] ?? "../shared/corpus";
const MAX_SEED_BYTES = 48 * 1024;
const MAX_FAULTS_SHOWN = 20;
const PORTION = 2000;

const [name = "", count = "", first = "0"] = process.argv.slice(2);
const format = findFormat(name);
if (!format || !isSeeded(format) || !(Number(count) > 0)) {
  console.error(`usage: npm run fuzz -- ${seededFormats().join("|")} COUNT [FIRST]`);
  process.exit(2);
}

const seeds = [...(await makeSeeds(format)), ...readCorpus()];
const fuzz = await startFuzz();
const kept = mkdtempSync(join(tmpdir(), "pixmill-fuzz-"));
let faults = 0;
const end = Number(first) + Number(count);
try {
  for (let at = Number(first); at < end; at += PORTION) {
    const report = await fuzz.run(format, seeds, Math.min(PORTION, end - at), at);
    for (const { index, text } of report.faults.slice(0, MAX_FAULTS_SHOWN)) {
      const file = join(kept, `${index}.${format}`);
      writeFileSync(file, mutate(format, seeds, index));
      console.log(`FAULT ${index}: ${text} (${file})`);
    }
    faults += report.faults.length;
    console.log(
      `FUZZ ${format} from ${at} ${JSON.stringify({ ...report, faults: report.faults.length })}`,
    );
  }
} finally {
  await fuzz.close();
}
console.log(`${count} files from ${seeds.length} seeds, ${faults} faults`);
process.exitCode = faults > 0 ? 1 : 0;

function readCorpus(): Buffer[] {
  const folders = [name, format === "jpg" ? "jpeg" : "", format === "tiff" ? "tif" : ""];
  return folders
    .map((folder) => join(CORPUS, folder))
    .filter((folder) => folder !== CORPUS && existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
    .filter((file) => statSync(file).isFile() && statSync(file).size <= MAX_SEED_BYTES)
    .map((file) => readFileSync(file));
}
