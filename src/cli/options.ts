/** Picture options as command line options, made from the schema that the service checks them by. */
import { z } from "zod";
import { OUTPUT_OPTIONS } from "../pipeline/options.ts";

export interface OptionSpec {
  /** As typed: `--strip-metadata`. */
  flag: string;
  /** As the native request names it: `strip_metadata`. */
  member: string;
  kind: "boolean" | "number" | "numbers" | "text";
  /** What can be given, for the help. */
  values: string;
}

/**
 * Every picture option that the native request has, but for the format, which the file's extension
 * says.
 */
export function listOptions(): OptionSpec[] {
  const {
    format: _format,
    aspect: _aspect,
    neverLarger: _neverLarger,
    ...shape
  } = OUTPUT_OPTIONS.shape;
  return Object.entries(shape).map(([name, schema]) => {
    const words = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return { flag: words.replaceAll("_", "-"), member: words, ...describe(schema) };
  });
}

function describe(schema: z.core.$ZodType): Pick<OptionSpec, "kind" | "values"> {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return describe(schema.def.innerType);
  }
  if (schema instanceof z.ZodBoolean) return { kind: "boolean", values: "true|false" };
  if (schema instanceof z.ZodEnum) return { kind: "text", values: schema.options.join("|") };
  if (schema instanceof z.ZodNumber) {
    return { kind: "number", values: `${schema.minValue} to ${schema.maxValue}` };
  }
  if (schema instanceof z.ZodArray) {
    return { kind: "numbers", values: `${describe(schema.element).values}, several with commas` };
  }
  if (schema instanceof z.ZodString) return { kind: "text", values: schema.description ?? "text" };
  if (schema instanceof z.ZodLiteral) {
    return { kind: "text", values: [...schema.values].join("|") };
  }
  return { kind: "text", values: "#rrggbb, white, black, transparent" };
}

/**
 * Brings arguments into the form `--flag=value`: underscores become hyphens, `--lossless` becomes
 * `--lossless=true`, `--no-lossless` and `--lossless false` become `--lossless=false`. What is no
 * picture option stays as it is.
 */
export function normaliseArguments(args: readonly string[], options: OptionSpec[]): string[] {
  const specs = new Map(options.map((spec) => [spec.flag, spec]));
  const result: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    const [, name = "", value] = /^--([\w-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const flag = name.replaceAll("_", "-");
    const negated = specs.get(flag.replace(/^no-/, ""));
    const spec = specs.get(flag);
    const next = args[index + 1];
    if (!spec && negated?.kind === "boolean" && value === undefined) {
      result.push(`--${negated.flag}=false`);
    } else if (!spec) {
      result.push(arg);
    } else if (value !== undefined) {
      result.push(`--${flag}=${value}`);
    } else if (spec.kind !== "boolean") {
      result.push(`--${flag}`);
    } else if (next === "true" || next === "false") {
      result.push(`--${flag}=${next}`);
      index++;
    } else {
      result.push(`--${flag}=true`);
    }
  }
  return result;
}

/** Text as the request's JSON wants it. What does not parse goes as it is: the service refuses it. */
export function toMemberValue(spec: OptionSpec, text: string): unknown {
  if (spec.kind === "boolean" && (text === "true" || text === "false")) return text === "true";
  if (spec.kind === "numbers") return text.split(",").map(Number);
  if (spec.kind === "number" && text.trim() !== "" && !Number.isNaN(Number(text))) {
    return Number(text);
  }
  return text;
}
