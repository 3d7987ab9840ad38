/** `npm run deploy`: everything onto a Cloudflare account, in the order in which it needs each other. */
import { readArguments, runCommand } from "./arguments.ts";
import { findBundleFaults, measureBundle, measureStartup } from "./bundles.ts";
import { planDeployment, type Step } from "./deployment.ts";
import { runWrangler } from "./project.ts";

const USAGE = `usage: npm run deploy [-- --dry-run]

Creates what is missing (R2 buckets, queues, the D1 database), applies migrations, deploys the
Workers. Log in first with \`npx wrangler login\`, or set CLOUDFLARE_API_TOKEN.
  --dry-run  only bundles the Workers and shows what would be done`;

await runCommand(async () => {
  const { values } = readArguments({
    options: { "dry-run": { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const steps = planDeployment();
  await checkBundles(steps);
  if (values["dry-run"]) {
    console.log("\nWould do, in this order:");
    for (const step of steps) console.log(`  ${step.title}`);
    return;
  }
  for (const step of steps) await runStep(step);
});

/** Before anything is touched: what cannot be deployed stops the whole. */
async function checkBundles(steps: Step[]): Promise<void> {
  const faults: string[] = [];
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
  for (const { config } of steps) {
    if (!config) continue;
    const bundle = await measureBundle(config);
    const startupMs = await measureStartup(config);
    console.log(
      `${config}: ${kib(bundle.rawBytes)}, ${kib(bundle.gzipBytes)} compressed, ` +
        `${bundle.wasm.length} WASM modules, ${startupMs.toFixed(0)} ms to start`,
    );
    faults.push(...findBundleFaults(bundle, startupMs));
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

async function runStep(step: Step): Promise<void> {
  if (step.exists && (await runWrangler(step.exists)).code === 0) return;
  console.log(step.title);
  const { code } = await runWrangler(step.run, true);
  if (code !== 0) throw new Error(`Failed: ${step.title}. Run it again when the cause is gone.`);
}
