import type { Context, Hono } from "hono";
import { AppError } from "../errors.ts";
import type { HttpEnv } from "./context.ts";

/**
 * For `notFound`: tells a path that is unknown from one that is known with other methods.
 * @returns the error to answer with; sets `Allow` where methods exist
 */
export function missingRoute(app: Hono<HttpEnv>): (c: Context<HttpEnv>) => AppError {
  let table: { method: string; pattern: RegExp }[] | undefined;
  return (c) => {
    table ??= app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => ({ method, pattern: toPattern(path) }));
    const methods = new Set(
      table.filter(({ pattern }) => pattern.test(c.req.path)).map(({ method }) => method),
    );
    if (methods.size === 0) return new AppError("not_found", "There is nothing at this path.");
    if (methods.has("GET")) methods.add("HEAD");
    c.header("Allow", [...methods, "OPTIONS"].join(", "));
    return new AppError("method_not_allowed", `This path does not take ${c.req.method}.`);
  };
}

/** "/v1/jobs/:id" as a pattern of whole paths. */
function toPattern(path: string): RegExp {
  const source = path
    .split("/")
    .map((segment) => (segment.startsWith(":") ? "[^/]+" : segment.replace(/\W/g, "\\$&")))
    .join("/");
  return new RegExp(`^${source}$`);
}
