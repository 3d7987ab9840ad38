/** Starts the bench Worker, runs cases in it, prints results. */
import { createTestHarness } from "wrangler";

export interface Timing {
  ms: number;
  bytes: number;
  usedBytes?: number;
  encodes?: number;
  plannedBytes?: number;
}

/** What the Worker could not do, and the code of the error that says why. */
export class BenchError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export async function startBench() {
  const harness = createTestHarness({
    workers: [{ configPath: new URL("./wrangler.bench.toml", import.meta.url) }],
  });
  await harness.listen();
  const post = async (path: string, input: string, options: object) => {
    const body = JSON.stringify({ input, options });
    const response = await harness.fetch(path, { method: "POST", body });
    if (!response.ok) {
      const { code, message } = (await response.json()) as { code: string; message: string };
      throw new BenchError(code, `${path}: ${message}`);
    }
    return response;
  };
  return {
    async load(name: string, bytes: Uint8Array) {
      await harness.fetch(`/${name}`, { method: "PUT", body: bytes as Uint8Array<ArrayBuffer> });
    },
    async time(runner: string, input: string, options: object): Promise<Timing> {
      return (await (await post(`/${runner}`, input, options)).json()) as Timing;
    },
    async file(runner: string, input: string, options: object): Promise<Buffer> {
      return Buffer.from(await (await post(`/${runner}?file`, input, options)).arrayBuffer());
    },
    close: () => harness.close(),
  };
}

export type Bench = Awaited<ReturnType<typeof startBench>>;

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** One line a case: `BENCH NAME/CASE field=value ...`. */
export function printCase(name: string, fields: Record<string, number | string>): void {
  const text = Object.entries(fields).map(
    ([field, value]) => `${field}=${typeof value === "number" ? format(value) : value}`,
  );
  console.log(`BENCH ${name} ${text.join(" ")}`);
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
