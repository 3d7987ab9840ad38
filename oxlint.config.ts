/** Lint rules, and the layers of src/ as rules: which folder may import from which. */
import { defineConfig, type OxlintOverride } from "oxlint";

/**
 * Each folder of src/ and what it may import besides itself. workers → dialects → jobs → pipeline
 * → operations; lanes → codecs → kernels; stores and objects implement the ports of jobs; remote
 * fetches what URLs name; the files at the top of src/ are leaves. `workers/env.ts` is the
 * bindings' types.
 */
const LAYERS: Record<string, string[]> = {
  kernels: ["pipeline"],
  metadata: ["pipeline"],
  colour: ["pipeline", "kernels", "metadata"],
  codecs: ["pipeline", "kernels", "metadata", "colour"],
  operations: ["pipeline", "kernels", "metadata", "colour", "codecs"],
  pipeline: ["operations", "codecs", "metadata", "colour", "kernels"],
  lanes: ["codecs", "kernels", "pipeline"],
  jobs: ["pipeline"],
  remote: ["pipeline"],
  stores: ["jobs", "pipeline", "workers/env.ts"],
  objects: ["jobs", "pipeline", "remote", "stores", "workers/env.ts"],
  http: ["jobs", "pipeline", "remote", "stores", "objects", "workers/env.ts"],
  dialects: ["http", "jobs", "pipeline", "remote", "stores", "objects", "workers/env.ts"],
  workers: ["dialects", "http", "jobs", "lanes", "objects", "pipeline", "remote", "stores"],
  cli: ["jobs", "pipeline", "stores"],
};

/** No file that matches may import from a folder that is not listed. */
function layerRule(files: string[], allowed: string[], message: string): OxlintOverride {
  const forbidden = Object.keys(LAYERS).filter((layer) => !allowed.includes(layer));
  const group = [
    ...forbidden.map((layer) => `**/${layer}/**`),
    ...allowed.map((layer) => `!**/${layer}`),
  ];
  return {
    files,
    rules: { "no-restricted-imports": ["error", { patterns: [{ group, message }] }] },
  };
}

export default defineConfig({
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "promise"],
  categories: { correctness: "error", suspicious: "error" },
  rules: {
    "typescript/no-explicit-any": "error",
    "typescript/ban-ts-comment": "error",
    "typescript/consistent-type-imports": "error",
    "import/no-cycle": ["error", { ignoreTypes: true }],
    "no-console": ["error", { allow: ["warn", "error"] }],
    "no-var": "error",
    "prefer-const": "error",
    eqeqeq: "error",
    // Groups of arguments on one line each.
    "unicorn/no-useless-spread": "off",
    // `export {}` makes a script a module.
    "unicorn/require-module-specifiers": "off",
    // Names that packages gave.
    "no-underscore-dangle": "off",
    // What a promise leads to may be an effect.
    "promise/always-return": "off",
    // A helper stands where it is used.
    "unicorn/consistent-function-scoping": "off",
  },
  overrides: [
    layerRule(["src/*.ts"], [], "The files at the top of src/ are leaves."),
    ...Object.entries(LAYERS).map(([layer, allowed]) =>
      layerRule(
        [`src/${layer}/**`],
        [layer, ...allowed],
        `${layer} may import from ${allowed.join(", ")} (oxlint.config.ts).`,
      ),
    ),
    layerRule(
      ["src/workers/api.ts"],
      (LAYERS["workers"] ?? []).filter((layer) => layer !== "lanes"),
      "The api Worker holds no codec.",
    ),
    {
      files: [".ci/**", "src/cli/**", "src/kernels/build.ts", "bench/**", "test/**"],
      rules: { "no-console": "off" },
    },
  ],
  ignorePatterns: ["src/kernels/assembly/**", "src/kernels/compiled/**", "public/**"],
});
