/** Fetching URLs inside workerd, whose URL parser, fetch and streams are not Node's. */
import { describe, expect, inject, test } from "vitest";
import { checkUrl } from "../../src/remote/url.ts";
import { HOSTILE_URLS, PUBLIC_URLS } from "../support/hostile-urls.ts";
import { describeOpenRemote } from "../support/remote-suite.ts";
import { describeDohResolver } from "../support/resolve-suite.ts";

describeOpenRemote(() => inject("remoteServerUrl"));
describeDohResolver(() => inject("remoteServerUrl"));

describe("the runtime's own URL parser", () => {
  test.each(Object.entries(HOSTILE_URLS))("hides nothing that is refused by %s", (rule, urls) => {
    for (const url of urls) {
      expect(() => checkUrl(url, { allowPrivate: false }), url).toThrow(
        expect.objectContaining({ details: { rule } }),
      );
    }
  });

  test("keeps what is public", () => {
    for (const [url, fetched] of PUBLIC_URLS) {
      expect(checkUrl(url, { allowPrivate: false }).href).toBe(fetched);
    }
  });
});
