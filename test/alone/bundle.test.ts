/** What would be deployed. */
import { expect, test } from "vitest";
import { findBundleFaults, measureBundle, measureStartup } from "../../src/cli/bundles.ts";
import { findVariableFaults } from "../../src/cli/deployment.ts";
import { listWorkerConfigs } from "../../src/cli/project.ts";
import { LANES } from "../../src/format.ts";
import { runScript } from "../support/process.ts";

test.each(listWorkerConfigs())("%s fits the platform; only lanes hold WASM", async (config) => {
  const bundle = await measureBundle(config);
  const startupMs = await measureStartup(config);
  expect(findBundleFaults(bundle, startupMs)).toEqual([]);
  expect(startupMs).toBeGreaterThan(1);
  expect(bundle.gzipBytes).toBeGreaterThan(1000);
  expect(bundle.wasm.length > 0).toBe(config !== "wrangler.toml");
});

test("a WASM module in the api Worker, too large a bundle or too slow a start is a fault", () => {
  const bundle = { config: "wrangler.toml", rawBytes: 0, gzipBytes: 0, wasm: ["codec.wasm"] };
  expect(findBundleFaults(bundle, 99)).toEqual([expect.stringContaining("codec.wasm")]);
  expect(findBundleFaults({ ...bundle, config: "wrangler.images.toml" }, 99)).toEqual([]);
  expect(findBundleFaults({ ...bundle, wasm: [], gzipBytes: 11e6 }, 99)).toHaveLength(1);
  expect(findBundleFaults({ ...bundle, wasm: [] }, 1001)).toHaveLength(1);
});

test("a deployment makes resources first, then the api Worker, then what is bound to it", async () => {
  const { code, stdout } = await runScript("deploy", ["--dry-run"]);
  expect(code).toBe(0);
  const queues = LANES.flatMap((lane) => [`pixmill-${lane},`, `pixmill-${lane}-dlq,`]);
  const stages = [
    ["create R2 bucket pixmill-files", ...queues.map((queue) => `create queue ${queue}`)],
    ["create D1 database pixmill"],
    ["apply migrations to pixmill"],
    ["deploy Worker pixmill-api"],
    LANES.map((lane) => `deploy Worker pixmill-${lane}`),
  ];
  let last = 0;
  for (const steps of stages) {
    const places = steps.map((step) => stdout.indexOf(step));
    expect(Math.min(...places)).toBeGreaterThan(last);
    last = Math.max(...places);
  }
});

test("nothing is deployed with a variable that is for development", async () => {
  const { code, stdout, stderr } = await runScript("deploy", ["--dry-run"], {
    ALLOW_PRIVATE_URLS: "0",
  });
  expect(code).not.toBe(0);
  expect(stderr).toContain("The environment sets ALLOW_PRIVATE_URLS");
  expect(stdout).not.toContain("deploy Worker");

  expect(findVariableFaults("wrangler.toml", { ALLOW_PRIVATE_URLS: "1", OTHER: "1" })).toEqual([
    "wrangler.toml sets ALLOW_PRIVATE_URLS, which is for development only: remove it.",
  ]);
  expect(findVariableFaults("wrangler.toml", { OTHER: "1" })).toEqual([]);
});
