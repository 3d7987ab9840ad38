/** Convertorio's dialect: a URL to upload to, a confirmation, then polling. */
import type { Dialect } from "../../http/dialect.ts";
import { renderError } from "./errors.ts";
import { registerRoutes } from "./routes.ts";

const PATHS = [
  /^\/v1\/convert\//,
  /^\/v1\/jobs\/?$/,
  // Its ids are UUIDs; other dialects' are not, or are asked for elsewhere.
  /^\/v1\/jobs\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\/|$)/i,
  /^\/v1\/account(\/|$)/,
  /^\/uploads\//,
];

export const CONVERTORIO: Dialect = {
  owns: (_, path) => PATHS.some((pattern) => pattern.test(path)),
  renderError,
  register: registerRoutes,
};
