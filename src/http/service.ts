/** Routes about the service itself. */
import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "./dialect.ts";

const INFO = {
  openapi: "3.1.0",
  info: {
    title: "Pixmill",
    version: "1.0.0",
    description: "Converts images. Jobs are asynchronous: submit, poll or wait, download.",
    license: { name: "MIT", identifier: "MIT" },
  },
};

const HEALTH = createRoute({
  method: "get",
  path: "/healthz",
  operationId: "getHealth",
  tags: ["Service"],
  summary: "Tell whether the service answers",
  security: [],
  responses: {
    200: {
      description: "It does.",
      content: { "application/json": { schema: z.object({ status: z.literal("ok") }) } },
    },
  },
});

/** Call it last: the document lists the routes of the app. */
export function registerService(app: App): void {
  app.openapi(HEALTH, (c) => c.json({ status: "ok" } as const, 200));
  app.get("/openapi.json", (c) =>
    c.json({
      ...app.getOpenAPI31Document(INFO),
      servers: [{ url: new URL(c.req.url).origin }],
    }),
  );
}
