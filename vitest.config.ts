import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Where to leave a JSON report too, named after the npm script that runs. */
const reportDir = process.env["REPORT_DIR"];
const script = (process.env["npm_lifecycle_event"] ?? "vitest").replaceAll(":", "-");

export default defineConfig({
  test: {
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
        },
      },
      // Codecs and pipeline in the real runtime, judged in Node by sharp.
      {
        test: {
          name: "codecs",
          include: ["test/codecs/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // The whole stack, over HTTP.
      {
        test: {
          name: "conformance",
          include: ["test/conformance/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "corpus",
          include: ["test/corpus/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
