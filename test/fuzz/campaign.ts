/** Sends damaged files through the decoders and counts how they end. */
import type { FormatName } from "../../src/formats.ts";
import { startHarness } from "../support/harness.ts";
import { mutate } from "./mutate.ts";

/** How one file ended. */
export interface Ending {
  /** An error's code, or `decoded`. */
  code: string;
  /** What should never be. */
  faults: string[];
  /** Set where a package's decoder crashed, which its wrapper turns into an error. */
  trap?: string;
  ms: number;
}

export interface Fault {
  /** For `mutate`. */
  index: number;
  text: string;
}

export interface Report {
  runs: number;
  codes: Record<string, number>;
  traps: number;
  slowestMs: number;
  faults: Fault[];
}

const AT_ONCE = 32;
const SLOW_MS = 2000;
const HANG_MS = 20_000;

/** Errors that a file can have. */
const EXPECTED = new Set([
  ...["decoded", "invalid_image", "truncated_image", "unsupported_feature", "too_many_pixels"],
  ...["unsupported_input_format", "empty_file", "memory_limit", "too_complex"],
]);

export async function startFuzz() {
  const config = new URL("./wrangler.fuzz.toml", import.meta.url);
  const { harness } = await startHarness([{ configPath: config }]);

  async function decode(files: readonly Buffer[]): Promise<Ending[]> {
    const query = new URLSearchParams({ lengths: files.map(({ length }) => length).join() });
    const body = new Uint8Array(Buffer.concat(files));
    const response = await harness.fetch(`/?${query}`, {
      ...{ method: "POST", body },
      signal: AbortSignal.timeout(HANG_MS),
    });
    if (!response.ok) throw new Error(`the runtime answered ${response.status}`);
    return (await response.json()) as Ending[];
  }

  return {
    decode,
    /** What is noticed of a byte that is written behind an allocation. */
    async overrun(): Promise<string[]> {
      return (await (await harness.fetch("/overrun")).json()) as string[];
    },
    /** Files number `first` to `first + count`. */
    async run(
      format: FormatName,
      seeds: readonly Buffer[],
      count: number,
      first = 0,
    ): Promise<Report> {
      const report: Report = { runs: 0, codes: {}, traps: 0, slowestMs: 0, faults: [] };
      for (let from = first; from < first + count; from += AT_ONCE) {
        const indices = Array.from(
          { length: Math.min(AT_ONCE, first + count - from) },
          (_, i) => from + i,
        );
        const endings = await decode(indices.map((index) => mutate(format, seeds, index)));
        endings.forEach((ending, i) => add(report, indices[i] as number, ending));
      }
      return report;
    },
    close: () => harness.close(),
  };
}

function add(report: Report, index: number, { code, faults, trap, ms }: Ending): void {
  report.runs++;
  report.codes[code] = (report.codes[code] ?? 0) + 1;
  report.slowestMs = Math.max(report.slowestMs, ms);
  if (trap !== undefined) report.traps++;
  const texts = [
    ...faults,
    ...(EXPECTED.has(code) ? [] : [`ended in ${code}`]),
    ...(ms > SLOW_MS ? [`took ${ms.toFixed(0)} ms`] : []),
  ];
  for (const text of texts) report.faults.push({ index, text });
}
