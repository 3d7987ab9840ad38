/** ImageHQ's dialect, which is the native one: it also answers what is nobody else's. */
import type { Dialect } from "../../http/dialect.ts";
import { renderProblem } from "./errors.ts";
import { registerRoutes } from "./routes.ts";

export const IMAGEHQ: Dialect = {
  owns: () => true,
  renderError: renderProblem,
  register: registerRoutes,
};
