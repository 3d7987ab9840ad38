/** The corpus of real files: a folder with a MANIFEST.tsv, found by CORPUS_DIR. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const CORPUS_DIR = process.env["CORPUS_DIR"] ?? "../shared/corpus";

export interface CorpusFile {
  /** Relative to the corpus folder, e.g. "jpeg/cmyk.jpg". */
  path: string;
  /** As its makers name it, e.g. "JPEG". */
  format: string;
  width: number;
  height: number;
  frames: number;
  notes: string;
  expected: "ok" | "error" | "either";
  bytes: Buffer;
}

export const hasCorpus = existsSync(join(CORPUS_DIR, "MANIFEST.tsv"));

/** The files below any of these folders, or "" for all, in the manifest's order. */
export function readCorpus(...folders: string[]): CorpusFile[] {
  if (!hasCorpus) return [];
  const [header, ...rows] = readFileSync(join(CORPUS_DIR, "MANIFEST.tsv"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split("\t"));
  const column = (name: string) => (header as string[]).indexOf(name);
  const text = (row: string[], name: string) => row[column(name)] ?? "";
  return rows
    .filter((row) => folders.some((folder) => folder === "" || row[0]?.startsWith(`${folder}/`)))
    .map((row) => ({
      path: text(row, "path"),
      format: text(row, "format"),
      width: Number(text(row, "width")),
      height: Number(text(row, "height")),
      frames: Number(text(row, "frames")),
      notes: text(row, "notes"),
      expected: text(row, "expected") as CorpusFile["expected"],
      bytes: readFileSync(join(CORPUS_DIR, text(row, "path"))),
    }));
}
