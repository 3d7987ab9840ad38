/** What a dialect is to the api Worker: its routes, and how its errors look. */
import type { Context } from "hono";
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppError } from "../errors.ts";
import type { HttpEnv } from "./context.ts";

export type App = OpenAPIHono<HttpEnv>;

/** An error as a dialect's body. */
export type RenderError = (c: Context<HttpEnv>, error: AppError) => Response;

export interface Dialect {
  /**
   * Whether a request is answered in the dialect's form, at every status and also where no route
   * is: of several dialects the first one that says so answers.
   */
  owns(method: string, path: string): boolean;
  renderError: RenderError;
  register(app: App): void;
}
