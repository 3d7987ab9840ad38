/** Compiles the kernels: assembly/index.ts → compiled/engine.wasm. Does nothing when that is up to date. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const sources = join(here, "assembly");
const target = join(here, "compiled", "engine.wasm");

const newestSource = Math.max(
  ...readdirSync(sources, { recursive: true }).map(
    (file) => statSync(join(sources, String(file))).mtimeMs,
  ),
);

if (!existsSync(target) || statSync(target).mtimeMs < newestSource) {
  execFileSync(
    "asc",
    [
      join(sources, "index.ts"),
      ...["--outFile", target],
      ...["--runtime", "stub"],
      ...["--enable", "simd"],
      ...["-O3", "--noAssert"],
      // Also writes engine.d.ts, from which engine.ts takes the exports' types.
      ...["--bindings", "raw"],
    ],
    { stdio: "inherit", cwd: here },
  );
}
