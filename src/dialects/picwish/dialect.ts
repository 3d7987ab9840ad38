/** PicWish's image compression: tasks that are created, waited for or asked about. */
import type { Dialect } from "../../http/dialect.ts";
import { renderError } from "./errors.ts";
import { registerRoutes } from "./routes.ts";

export const PICWISH: Dialect = {
  owns: (_, path) => path === "/api" || path.startsWith("/api/"),
  renderError,
  register: registerRoutes,
};
