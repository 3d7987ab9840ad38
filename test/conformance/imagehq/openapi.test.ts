import { createConfig, lintFromString } from "@redocly/openapi-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestStack, type Stack } from "../../support/stack.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startTestStack({}, { lanes: false });
});
afterAll(() => stack?.close());

test("/openapi.json is OpenAPI 3.1 without a complaint of Redocly's recommended rules", async () => {
  const source = await (await stack.fetch("/openapi.json")).text();
  expect(JSON.parse(source)).toMatchObject({ openapi: "3.1.0" });
  const config = await createConfig({
    extends: ["recommended-strict"],
    rules: {
      // Its server is the one that was asked, which here is local.
      "no-server-example.com": "off",
      // /healthz and /v1/formats cannot be asked wrongly.
      "operation-4xx-response": "off",
    },
  });
  const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
  expect(
    problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer]),
  ).toEqual([]);
});

test("every route is in the document", async () => {
  const { paths } = (await (await stack.fetch("/openapi.json")).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  expect(
    Object.entries(paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
      .toSorted(),
  ).toEqual([
    "delete /v1/jobs/{id}",
    "get /api/tasks/visual/imgcompress/{task_id}",
    "get /healthz",
    "get /v1/account",
    "get /v1/credits",
    "get /v1/formats",
    "get /v1/health",
    "get /v1/jobs",
    "get /v1/jobs/{id}",
    "get /v1/jobs/{id}/download",
    "get /v1/jobs/{id}/events",
    "get /v1/requests/{id}",
    "get /v2/requests/{id}",
    "get /v2/requests/{id}/status",
    "post /api/tasks/visual/imgcompress",
    "post /v1/convert",
    "post /v1/convert/confirm",
    "post /v1/convert/upload-url",
    "post /v1/image-converter",
    "post /v1/jobs/{id}/cancel",
    "post /v2/image-converter",
  ]);
});

test("/healthz answers without a key", async () => {
  const response = await stack.fetch("/healthz");
  expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
});
