import { expect, test } from "vitest";
import { SEGMIND } from "./dialect.ts";

test.each([
  ["POST", "/v1/image-converter", true],
  ["GET", "/v1/image-converter", true],
  ["POST", "/v1/any-other-model", true],
  ["POST", "/v1/image-converter/", true],
  ["POST", "/v1/sdxl1.0-txt2img", true],
  ["GET", "/v1/requests/x", true],
  ["GET", "/v1/requests", true],
  ["GET", "/v2", true],
  ["DELETE", "/v2/anything/at/all", true],
  ["GET", "/v1/credits", true],
  ["GET", "/v1/health", true],
  ["GET", "/v1/any-other-model", false],
  ["POST", "/v1", false],
  ["POST", "/v1/", false],
  ["POST", "/v1/convert", false],
  ["POST", "/v1/convert/upload-url", false],
  ["POST", "/v1/jobs", false],
  ["POST", "/v1/jobs/job_1/cancel", false],
  ["POST", "/v1/account", false],
  ["POST", "/v1/pipeline", false],
  ["POST", "/v1/transform", false],
  ["POST", "/v1/ocr", false],
  ["POST", "/v1/optimize", false],
  ["POST", "/v1/filter", false],
  ["POST", "/v1/document", false],
  ["POST", "/api/tasks/visual/imgcompress", false],
  ["GET", "/v20/x", false],
  ["GET", "/", false],
])("%s %s is Segmind's: %s", (method, path, expected) => {
  expect(SEGMIND.owns(method, path)).toBe(expected);
});
