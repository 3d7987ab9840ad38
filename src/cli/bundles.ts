/** What `wrangler deploy` would upload, measured without uploading it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { API_CONFIG, runWrangler } from "./project.ts";

/** The platform's limit for a Worker, compressed. */
export const MAX_BUNDLE_BYTES = 10 * 1024 * 1024;

/** The platform's limit for what a Worker does before its first request. */
export const MAX_STARTUP_MS = 1000;

export interface Bundle {
  config: string;
  rawBytes: number;
  gzipBytes: number;
  /** Names of the WASM modules in it. */
  wasm: string[];
}

/**
 * Bundles one Worker.
 * @throws Error with wrangler's output when it does not build
 */
export async function measureBundle(config: string): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), "pixmill-bundle-"));
  try {
    const { code, stdout, stderr } = await runWrangler([
      ...["deploy", "--config", config, "--dry-run", "--outdir", folder],
    ]);
    if (code !== 0) throw new Error(`${config} does not build:\n${stdout}${stderr}`);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
      (file) => isModule(file) && statSync(join(folder, file)).isFile(),
    );
    const bundle: Bundle = { config, rawBytes: 0, gzipBytes: 0, wasm: [] };
    for (const file of files) {
      const content = readFileSync(join(folder, file));
      bundle.rawBytes += content.length;
      bundle.gzipBytes += gzipSync(content).length;
      if (file.endsWith(".wasm")) bundle.wasm.push(file);
    }
    return bundle;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Source maps and wrangler's README are written beside the modules, but are not part of them. */
function isModule(file: string): boolean {
  return !file.endsWith(".map") && file !== "README.md";
}

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string } }[];
  samples: number[];
  /** Microseconds since the sample before. */
  timeDeltas: number[];
}

/**
 * How long one Worker computes until it can take a request, on this machine.
 * @throws Error with wrangler's output when it does not start
 */
export async function measureStartup(config: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "pixmill-startup-"));
  try {
    const outfile = join(folder, "startup.cpuprofile");
    const { code, stdout, stderr } = await runWrangler([
      ...["check", "startup", "--args", `--config=${config}`, "--outfile", outfile],
    ]);
    if (code !== 0) throw new Error(`${config} does not start:\n${stdout}${stderr}`);
    const profile = JSON.parse(readFileSync(outfile, "utf8")) as CpuProfile;
    const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
    const microseconds = profile.samples.reduce((sum, id, index) => {
      const isIdle = names.get(id) === "(idle)";
      return sum + (isIdle ? 0 : (profile.timeDeltas[index] ?? 0));
    }, 0);
    return microseconds / 1000;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What speaks against deploying it, as sentences. */
export function findBundleFaults(bundle: Bundle, startupMs: number): string[] {
  const faults: string[] = [];
  if (startupMs > MAX_STARTUP_MS) {
    faults.push(`${bundle.config}: ${startupMs.toFixed(0)} ms to start, over ${MAX_STARTUP_MS}.`);
  }
  if (bundle.gzipBytes > MAX_BUNDLE_BYTES) {
    faults.push(
      `${bundle.config}: ${bundle.gzipBytes} bytes compressed, over ${MAX_BUNDLE_BYTES}.`,
    );
  }
  if (bundle.config === API_CONFIG && bundle.wasm.length > 0) {
    faults.push(`The api Worker must hold no WASM, but has ${bundle.wasm.join(", ")}.`);
  }
  return faults;
}
