import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Where to leave a JSON report too, named after the npm script that runs. */
const reportDir = process.env["REPORT_DIR"];
const script = (process.env["npm_lifecycle_event"] ?? "vitest").replaceAll(":", "-");

/** Tests wait as much as they work, so that all cores are used. */
const maxWorkers = "100%";

/** Of the corpus' tests those that measure. */
const HOSTILE = ["test/corpus/hostile.test.ts"];

/** By itself, when all others have ended: what measures memory or time. */
const alone = { fileParallelism: false, testTimeout: 300_000, hookTimeout: 180_000 };

export default defineConfig({
  test: {
    maxWorkers,
    reporters: reportDir
      ? ["default", ["json", { outputFile: join(reportDir, `${script}.json`) }]]
      : ["default"],
    projects: [
      // Pure TypeScript, beside its source.
      { test: { name: "unit", include: ["src/**/*.test.ts"] } },
      // Inside the real runtime.
      {
        plugins: [
          cloudflareTest({
            remoteBindings: false,
            wrangler: { configPath: "./test/worker/wrangler.toml" },
          }),
        ],
        test: {
          name: "worker",
          include: ["test/worker/**/*.test.ts"],
          globalSetup: ["./test/worker/remote-server.ts"],
          testTimeout: 30_000,
          hookTimeout: 180_000,
        },
      },
      // Codecs and pipeline in the real runtime, judged in Node by sharp.
      {
        test: {
          name: "codecs",
          include: ["test/codecs/**/*.test.ts"],
          globalSetup: ["./test/support/shared-labs.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      // The whole stack, over HTTP.
      {
        test: {
          name: "conformance",
          include: ["test/conformance/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      { test: { name: "alone", include: ["test/alone/**/*.test.ts"], ...alone } },
      {
        test: {
          name: "corpus",
          include: ["test/corpus/**/*.test.ts"],
          exclude: HOSTILE,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      { test: { name: "hostile", include: HOSTILE, ...alone } },
    ],
  },
});
