import { describe, expect, test } from "vitest";
import { HOSTILE_URLS, PUBLIC_URLS } from "../../test/support/hostile-urls.ts";
import { readUrlPolicy } from "./policy.ts";
import { checkUrl, type UrlPolicy } from "./url.ts";

const GUARDED: UrlPolicy = { allowPrivate: false };
const OPEN: UrlPolicy = { allowPrivate: true };

const hostile = Object.entries(HOSTILE_URLS).flatMap(([rule, urls]) =>
  urls.map((url) => ({ rule, url })),
);

describe("a deployment", () => {
  test.each(hostile)("refuses by $rule: $url", ({ rule, url }) => {
    expect(() => checkUrl(url, GUARDED)).toThrow(
      expect.objectContaining({ code: "url_not_allowed", details: { rule } }),
    );
  });

  test.each(PUBLIC_URLS)("lets through: %s", (url, fetched) => {
    expect(checkUrl(url, GUARDED).href).toBe(fetched);
  });

  test("takes the ports that it is told, and those only", () => {
    const policy = { allowPrivate: false, ports: [443, 8080] };
    expect(checkUrl("http://example.com:8080/", policy).port).toBe("8080");
    expect(checkUrl("https://example.com/", policy).port).toBe("");
    expect(() => checkUrl("http://example.com/", policy)).toThrow("port");
    expect(() => checkUrl("http://127.0.0.1:8080/", policy)).toThrow("public");
  });
});

describe("development with private URLs", () => {
  test.each([
    "http://127.0.0.1:8787/a.png",
    "http://localhost:3000/",
    "http://[::1]:99/",
    "http://192.168.0.1/",
    "https://minio:9000/bucket/a.png",
  ])("takes %s", (url) => {
    expect(checkUrl(url, OPEN).href).toBe(url);
  });

  test.each(
    hostile.filter(({ rule }) => ["scheme", "syntax", "credentials", "length"].includes(rule)),
  )("still refuses by $rule: $url", ({ rule, url }) => {
    expect(() => checkUrl(url, OPEN)).toThrow(expect.objectContaining({ details: { rule } }));
  });
});

describe("ALLOW_PRIVATE_URLS", () => {
  test.each(["http://127.0.0.1:8787/v1", "http://localhost:8787", "http://[::1]:1/"])(
    "counts where the service is at %s",
    (serviceUrl) => {
      expect(readUrlPolicy({ ALLOW_PRIVATE_URLS: "1" }, serviceUrl).allowPrivate).toBe(true);
      expect(readUrlPolicy({ ALLOW_PRIVATE_URLS: "true" }, serviceUrl).allowPrivate).toBe(false);
      expect(readUrlPolicy({}, serviceUrl).allowPrivate).toBe(false);
    },
  );

  test.each([
    "https://pixmill.example.com/",
    "https://pixmill.workers.dev/",
    "http://192.168.0.1/",
    "http://localhost.example.com/",
    "http://127.0.0.1.nip.io/",
  ])("does not count where the service is at %s", (serviceUrl) => {
    expect(readUrlPolicy({ ALLOW_PRIVATE_URLS: "1" }, serviceUrl).allowPrivate).toBe(false);
  });
});

test("URL_PORTS lists ports, or nothing is fetched at all", () => {
  const url = "https://pixmill.example.com/";
  expect(readUrlPolicy({}, url).ports).toBeUndefined();
  expect(readUrlPolicy({ URL_PORTS: "80, 8080" }, url).ports).toEqual([80, 8080]);
  for (const list of ["any", "80;443", "80,", "0", "65536", "1.5"]) {
    expect(() => readUrlPolicy({ URL_PORTS: list }, url)).toThrow("URL_PORTS");
  }
});
