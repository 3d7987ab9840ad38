/** What the route declarations of all dialects share. */
import { z } from "@hono/zod-openapi";

/** Either way of sending the key. */
export const SECURITY: Record<string, string[]>[] = [{ bearer: [] }, { apiKey: [] }];

/** An answer in JSON. */
export const json = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { "application/json": { schema } },
});

/** A file. */
export const binary = z.string().openapi({ format: "binary" });
