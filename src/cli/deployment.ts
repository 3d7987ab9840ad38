/** What a deployment does, read from the Workers' configs. */
import { join } from "node:path";
import { unstable_readConfig as readConfig, type Unstable_Config as Config } from "wrangler";
import { DEVELOPMENT_VARS, listWorkerConfigs, ROOT } from "./project.ts";

export interface Step {
  title: string;
  /** wrangler's arguments; when they succeed there is nothing to do. */
  exists?: string[];
  run: string[];
  /** The config file, where the step deploys a Worker. */
  config?: string;
}

interface Worker {
  file: string;
  config: Config;
}

/**
 * Every step, resources first, each Worker after those it is bound to.
 * @throws Error when a Worker's config or the environment has a variable for development
 */
export function planDeployment(): Step[] {
  const workers = listWorkerConfigs().map((file) => ({
    file,
    config: readConfig({ config: join(ROOT, file) }),
  }));
  const faults = [
    ...workers.flatMap(({ file, config }) => findVariableFaults(file, config.vars)),
    ...findVariableFaults("The environment", process.env),
  ];
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return [
    ...unique(workers.flatMap(bucketNames)).map(createBucket),
    ...unique(workers.flatMap(queueNames)).map(createQueue),
    ...workers.flatMap(databaseSteps),
    ...sortByNeed(workers).map(deployWorker),
  ];
}

/** @param place whose variables these are */
export function findVariableFaults(place: string, vars: Record<string, unknown>): string[] {
  return DEVELOPMENT_VARS.filter((name) => name in vars).map(
    (name) => `${place} sets ${name}, which is for development only: remove it.`,
  );
}

const bucketNames = ({ config }: Worker): string[] =>
  config.r2_buckets.flatMap((bucket) => bucket.bucket_name ?? []);

/** Dead-letter queues, too: they do not come into being by being named. */
const queueNames = ({ config }: Worker): string[] => [
  ...(config.queues.producers ?? []).flatMap((producer) => producer.queue ?? []),
  ...(config.queues.consumers ?? []).flatMap((consumer) => [
    consumer.queue,
    ...(consumer.dead_letter_queue ? [consumer.dead_letter_queue] : []),
  ]),
];

const createBucket = (name: string): Step => ({
  title: `create R2 bucket ${name}, unless it exists`,
  exists: ["r2", "bucket", "info", name],
  run: ["r2", "bucket", "create", name],
});

const createQueue = (name: string): Step => ({
  title: `create queue ${name}, unless it exists`,
  exists: ["queues", "info", name],
  run: ["queues", "create", name],
});

function databaseSteps({ file, config }: Worker): Step[] {
  return config.d1_databases.flatMap(({ database_name: name, migrations_dir: migrations }) => {
    if (!name || !migrations) return [];
    return [
      {
        title: `create D1 database ${name}, unless it exists`,
        exists: ["d1", "info", name, "--config", file],
        run: ["d1", "create", name, "--config", file],
      },
      {
        title: `apply migrations to ${name}`,
        run: ["d1", "migrations", "apply", name, "--remote", "--config", file],
      },
    ];
  });
}

const deployWorker = ({ file, config }: Worker): Step => ({
  title: `deploy Worker ${config.name} (${file})`,
  run: ["deploy", "--config", file],
  config: file,
});

/**
 * A Worker's bindings must name Workers that exist.
 * @throws Error when they need each other in a circle
 */
function sortByNeed(workers: Worker[]): Worker[] {
  const sorted: Worker[] = [];
  const left = new Set(workers);
  while (left.size > 0) {
    const names = new Set([...left].map(({ config }) => config.name));
    const next = [...left].find(
      (worker) =>
        !neededWorkers(worker).some((name) => name !== worker.config.name && names.has(name)),
    );
    if (!next) throw new Error(`These Workers need each other: ${[...names].join(", ")}.`);
    sorted.push(next);
    left.delete(next);
  }
  return sorted;
}

const neededWorkers = ({ config }: Worker): string[] => [
  ...(config.services ?? []).map((service) => service.service),
  ...config.durable_objects.bindings.flatMap((binding) => binding.script_name ?? []),
];

const unique = (names: string[]): string[] => [...new Set(names)];
