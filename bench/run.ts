/** `npm run bench -- NAME [FILTER]`: prints one `BENCH NAME/CASE field=value ...` line a case. */
const BENCHES = ["animation", "convert", "documents", "engine", "heif", "overhead", "target"];

const [name, filter] = process.argv.slice(2);
if (!name || !BENCHES.includes(name)) {
  console.error(`usage: npm run bench -- ${BENCHES.join("|")} [FILTER]`);
  process.exit(2);
}
const bench = (await import(`./${name}.ts`)) as { run(filter?: string): Promise<void> };
await bench.run(filter);

export {};
