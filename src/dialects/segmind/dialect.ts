/** Segmind's image converter: one call that waits (v1), or a request that is polled (v2). */
import type { Dialect } from "../../http/dialect.ts";
import { renderError } from "./errors.ts";
import { registerRoutes } from "./routes.ts";

/** Owned whatever the method. The first two are not on the page, but clients ask for them. */
const OWN_SLUGS = new Set(["credits", "health", "image-converter"]);

/** What POST /v1/… means to others; any other name is that of a model, and here unknown. */
const FOREIGN_SLUGS = new Set([
  "account",
  "convert",
  "document",
  "filter",
  "jobs",
  "ocr",
  "optimize",
  "pipeline",
  "transform",
]);

export const SEGMIND: Dialect = {
  owns(method, path) {
    const [, version, slug = "", ...rest] = path.split("/");
    if (version === "v2") return true;
    if (version !== "v1" || slug === "") return false;
    if (slug === "requests") return true;
    // A slash at the end names nothing, but its 404 is that of the path before it.
    if (rest.some((part) => part !== "")) return false;
    return OWN_SLUGS.has(slug) || (method === "POST" && !FOREIGN_SLUGS.has(slug));
  },
  renderError,
  register: registerRoutes,
};
