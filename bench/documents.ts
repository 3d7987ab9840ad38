/**
 * Pages and drawings inside workerd: PDF pages against pdftoppm where it is installed, SVG against
 * sharp's librsvg; time, medians of the same run, ours over theirs, and memory.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { writePdf } from "../test/support/pdf-writer.ts";
import { median, printCase, startBench } from "./support/client.ts";

const ROUNDS = 5;
const MIB = 1024 * 1024;
const CORPUS = process.env["CORPUS_DIR"] ?? "../shared/corpus";

interface Case {
  name: string;
  input: () => Buffer;
  options: { format: "png"; dpi?: number; width?: number };
  /** The field its ratio goes by. */
  peer: "pdftoppm" | "sharp";
}

const CASES: Case[] = [
  {
    name: "a4-page-150-dpi",
    input: textPage,
    options: { format: "png", dpi: 150 },
    peer: "pdftoppm",
  },
  {
    name: "a4-page-300-dpi",
    input: textPage,
    options: { format: "png", dpi: 300 },
    peer: "pdftoppm",
  },
  { name: "svg-1600-px", input: drawing, options: { format: "png", width: 1600 }, peer: "sharp" },
];

export async function run(filter?: string): Promise<void> {
  sharp.concurrency(1);
  sharp.cache(false);
  const bench = await startBench();
  try {
    for (const { name, input, options, peer } of CASES) {
      if (filter && !name.includes(filter)) continue;
      const file = input();
      await bench.load(name, file);
      const ours: number[] = [];
      const theirs: number[] = [];
      let last = await bench.time("pixmill", name, options);
      for (let round = 0; round < ROUNDS; round++) {
        last = await bench.time("pixmill", name, options);
        ours.push(last.ms);
        theirs.push(await timePeer(peer, file, options));
      }
      const ratio = median(ours) / median(theirs);
      printCase(`documents/${name}`, {
        [peer]: Number.isNaN(ratio) ? "absent" : ratio,
        pixels_mib: (last.usedBytes ?? 0) / MIB,
        planned_mib: (last.plannedBytes ?? 0) / MIB,
        ms: median(ours),
        bytes: String(last.bytes),
      });
    }
  } finally {
    await bench.close();
  }
}

/** In milliseconds; NaN where the peer is not installed. */
async function timePeer(
  peer: Case["peer"],
  file: Buffer,
  { dpi = 96, width }: Case["options"],
): Promise<number> {
  const start = performance.now();
  if (peer === "sharp") {
    const { width: natural = 1 } = await sharp(file).metadata();
    await sharp(file, { density: (72 * (width ?? natural)) / natural })
      .png()
      .toBuffer();
    return performance.now() - start;
  }
  const folder = mkdtempSync(join(tmpdir(), "pixmill-bench-"));
  try {
    const args = ["-r", String(dpi), "-f", "1", "-l", "1", "-png", "-", join(folder, "page")];
    execFileSync("pdftoppm", args, { input: file });
    return performance.now() - start;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return NaN;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A page of a paper, or of lines and words of our own. */
function textPage(): Buffer {
  const file = join(CORPUS, "pdf/multi-page-paper-embedded-fonts.pdf");
  if (existsSync(file)) return readFileSync(file);
  const lines = Array.from(
    { length: 60 },
    (_, i) => `1 0 0 1 40 ${790 - 12 * i} Tm (${"words ".repeat(16)}) Tj`,
  );
  const entries =
    "/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>";
  return writePdf({
    pages: [{ box: [0, 0, 595, 842], content: `BT /F 10 Tf ${lines.join("\n")} ET`, entries }],
  });
}

function drawing(): Buffer {
  const circles = Array.from(
    { length: 200 },
    (_, i) =>
      `<circle cx="${(i * 37) % 400}" cy="${(i * 91) % 300}" r="${5 + (i % 30)}" fill="hsl(${i * 7},80%,50%)" fill-opacity=".6"/>`,
  );
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><text x="20" y="150" font-size="40">Pixmill</text>${circles.join("")}</svg>`,
  );
}
