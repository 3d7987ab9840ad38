/** `npm start`: serves everything on this machine until it is stopped. */
import { DEVELOPMENT_VARS, localStateDir } from "./project.ts";
import { startStack } from "./stack.ts";

const apiKey = process.env["API_KEY"];
/** Passed on from the environment. */
const vars: Record<string, string> = {};
for (const name of DEVELOPMENT_VARS) {
  const value = process.env[name];
  if (value) vars[name] = value;
}

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => stopping.abort());
}

try {
  const stack = await startStack({
    port: Number(process.env["PORT"] || 8787),
    stateDir: localStateDir(),
    apiKey,
    vars,
    log: console.log,
    signal: stopping.signal,
  });
  if (!apiKey) console.log(`API key: ${stack.key}`);
  console.log(`ready ${stack.url}`);
  await stack.ended;
  if (!stopping.signal.aborted) throw new Error("The local runtime ended by itself.");
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
