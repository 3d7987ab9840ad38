/** What looking up names guarantees, proven against a real resolver in whichever runtime runs it. */
import { describe, expect, test } from "vitest";
import { dohResolver } from "../../src/remote/resolve.ts";

/** @param server the URL of a server as `startRemoteServer` makes it */
export function describeDohResolver(server: () => string): void {
  describe("DNS over HTTPS", () => {
    const resolve = (name: string) =>
      dohResolver(`${server()}/dns-query`)(name, AbortSignal.timeout(5000));

    test("gives the addresses of both families", async () => {
      expect(await resolve("example.com")).toEqual(["93.184.215.14", "2606:2800:21f:cb07::1"]);
    });

    test("leaves out the aliases on the way", async () => {
      expect(await resolve("alias.example.com")).toEqual(["93.184.215.14"]);
    });

    test.each(["missing.example.com", "empty.example.com"])("finds nothing of %s", async (name) => {
      expect(await resolve(name)).toEqual([]);
    });

    test("fails where the resolver fails", async () => {
      await expect(resolve("broken.example.com")).rejects.toThrow("DNS status 2");
      await expect(resolve("refused.example.com")).rejects.toThrow("status 400");
      const stray = (path: string) => dohResolver(`${server()}${path}`);
      const { signal } = new AbortController();
      await expect(stray("/file.bin?size=5")("a.com", signal)).rejects.toThrow();
      await expect(stray("/redirect?to=/dns-query")("a.com", signal)).rejects.toThrow("status 302");
    });
  });
}
