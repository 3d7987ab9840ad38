/** What fetching a URL guarantees, proven against a real server in whichever runtime runs it. */
import { describe, expect, test } from "vitest";
import { openRemote, type RemoteOptions } from "../../src/remote/open.ts";
import type { UrlPolicy } from "../../src/remote/url.ts";
import { HOSTILE_URLS } from "./hostile-urls.ts";

const OPEN: UrlPolicy = { allowPrivate: true };
const GUARDED: UrlPolicy = { allowPrivate: false };

const MAX_BYTES = 1_000_000;

/** What the names of a guarded test lead to. */
const NAMES: Record<string, string[]> = {
  "cdn.example.com": ["93.184.215.14", "2606:2800:21f:cb07::1"],
  "inside.example.com": ["10.0.0.1"],
  "mixed.example.com": ["93.184.215.14", "127.0.0.1"],
  "mixed6.example.com": ["93.184.215.14", "fd00::1"],
  "mapped.example.com": ["::ffff:8.8.8.8"],
  "odd.example.com": ["93.184.215.14", "not an address"],
  "none.example.com": [],
};

/** @param server the URL of a server as `startRemoteServer` makes it */
export function describeOpenRemote(server: () => string): void {
  const options = (changes: Partial<RemoteOptions> = {}): RemoteOptions => ({
    maxBytes: MAX_BYTES,
    resolve: async (name) => {
      const addresses = NAMES[name];
      if (!addresses) throw new Error("SERVFAIL");
      return addresses;
    },
    ...changes,
  });
  const open = (path: string, changes?: Partial<RemoteOptions>) =>
    openRemote(`${server()}${path}`, OPEN, options(changes));
  const download = async (path: string, changes?: Partial<RemoteOptions>) =>
    collect((await open(path, changes)).chunks);
  /** Public names as in a deployment; each leads to the server, whatever it resolves to. */
  const openGuarded = async (url: string) => {
    const asked: string[] = [];
    const file = openRemote(
      url,
      GUARDED,
      options({
        fetch: ({ href, pathname, search }, init) => {
          asked.push(href);
          return fetch(`${server()}${pathname}${search}`, init);
        },
      }),
    );
    return { file, asked };
  };
  const redirect = (to: string, code = 302) =>
    `/redirect?${new URLSearchParams({ to, code: String(code) })}`;
  const droppedConnection = async (id: string) =>
    (await fetch(`${server()}/dropped?id=${id}`)).text();

  describe("a file", () => {
    test.each([0, 1, 255, 262_144, 262_145, 900_000])("of %i bytes arrives whole", async (size) => {
      const bytes = await download(`/file.bin?size=${size}`);
      expect(bytes.length).toBe(size);
      expect(bytes.every((byte, index) => byte === (index & 255))).toBe(true);
    });

    test("comes in large blocks", async () => {
      const lengths: number[] = [];
      const { chunks } = await open("/file.bin?size=600000");
      for await (const chunk of chunks) lengths.push(chunk.length);
      expect(lengths).toEqual([262_144, 262_144, 75_712]);
    });

    test("is taken whatever its content type says", async () => {
      expect((await download("/file.bin?size=5&type=text/html")).length).toBe(5);
    });

    test("is asked for without cookies, credentials or referrer", async () => {
      const text = new TextDecoder().decode(await download(redirect("/headers")));
      const headers = JSON.parse(text) as Record<string, string>;
      expect(headers["user-agent"]).toBe("Pixmill/1.0");
      expect(headers["accept"]).toMatch(/^image\/\*/);
      expect(headers["accept-encoding"]).toBe("identity");
      for (const name of ["cookie", "authorization", "referer", "origin"]) {
        expect(headers).not.toHaveProperty(name);
      }
    });

    test.each([
      ["/file.bin?size=1", "file.bin"],
      ["/named/caf%C3%A9%20(1).png", "café (1).png"],
      ["/named/%E9.png", "%E9.png"],
      ["/named/", undefined],
      ["/named/x?disposition=attachment", "x"],
      [`/named/x?disposition=${encodeURIComponent('inline; filename="a b.png"')}`, "a b.png"],
      [
        `/named/x?disposition=${encodeURIComponent("attachment; filename*=UTF-8''%C3%A9.png")}`,
        "é.png",
      ],
      [redirect("/named/after.png"), "after.png"],
    ])("%s is named %s", async (path, filename) => {
      const file = await open(path);
      expect(file.filename).toBe(filename);
      await collect(file.chunks);
    });
  });

  describe("redirects", () => {
    test.each([301, 302, 303, 307, 308])("%i is followed", async (code) => {
      expect((await download(redirect("/file.bin?size=3", code))).length).toBe(3);
    });

    test("five are followed, six are not", async () => {
      expect((await download("/hops?left=4")).length).toBe(10);
      await expect(open("/hops?left=5")).rejects.toMatchObject({
        code: "download_failed",
        details: { reason: "redirects" },
      });
    });

    test.each([
      "http://127.0.0.1/",
      "http://[::1]/",
      "http://2130706433/",
      "http://169.254.169.254/latest/meta-data/",
      "//localhost/a.png",
      "file:///etc/passwd",
      "data:image/png;base64,AAAA",
      "http://cdn.example.com:22/",
      "http://user@cdn.example.com/",
      "http://[/",
      "http://inside.example.com/",
    ])("to %s is refused and not requested", async (target) => {
      const { file, asked } = await openGuarded(`http://cdn.example.com${redirect(target)}`);
      await expect(file).rejects.toMatchObject({ code: "url_not_allowed" });
      expect(asked).toHaveLength(1);
    });

    test("within a public site and to another are followed", async () => {
      const last = redirect("https://cdn.example.com/file.bin?size=9");
      const { file, asked } = await openGuarded(`http://cdn.example.com${redirect(last)}`);
      expect((await collect((await file).chunks)).length).toBe(9);
      expect(asked.map((url) => new URL(url).protocol)).toEqual(["http:", "http:", "https:"]);
    });

    test("to file: is refused in development, too", async () => {
      await expect(open(redirect("file:///etc/passwd"))).rejects.toMatchObject({
        code: "url_not_allowed",
        details: { rule: "scheme" },
      });
    });

    test("one that leads nowhere is an answer that is no file", async () => {
      await expect(open("/status?code=302")).rejects.toMatchObject({ code: "download_failed" });
    });
  });

  describe("names", () => {
    test.each(["inside", "mixed", "mixed6", "mapped", "odd"])(
      "%s: one address that is not public is enough to refuse, and is not told",
      async (name) => {
        const { file, asked } = await openGuarded(`http://${name}.example.com/file.bin?size=1`);
        const error = await file.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toMatchObject({ code: "url_not_allowed", details: { rule: "host" } });
        expect(JSON.stringify(error)).not.toMatch(/10\.0|127\.0|fd00|ffff/);
        expect(asked).toEqual([]);
      },
    );

    test.each([
      ["without an address", "none"],
      ["that cannot be looked up", "unknown"],
    ])("one %s is not requested", async (_, name) => {
      const { file, asked } = await openGuarded(`http://${name}.example.com/`);
      await expect(file).rejects.toMatchObject({
        code: "download_failed",
        details: { reason: "name" },
      });
      expect(asked).toEqual([]);
    });

    test("hostile URLs are refused before anything is asked", async () => {
      for (const url of Object.values(HOSTILE_URLS).flat()) {
        const { file, asked } = await openGuarded(url);
        await expect(file).rejects.toMatchObject({ code: "url_not_allowed" });
        expect(asked).toEqual([]);
      }
    });
  });

  describe("a file that is too large", () => {
    test("is refused by the length it announces", async () => {
      await expect(open(`/file.bin?size=${MAX_BYTES + 1}`)).rejects.toMatchObject({
        code: "file_too_large",
      });
      expect((await download(`/file.bin?size=${MAX_BYTES}`)).length).toBe(MAX_BYTES);
    });

    test("is cut off where it never ends", async () => {
      const id = crypto.randomUUID();
      await expect(download(`/endless?id=${id}`)).rejects.toMatchObject({
        code: "file_too_large",
      });
      expect(await droppedConnection(id)).toBe("dropped");
    });

    test("is cut off where it was compressed to something small", async () => {
      await expect(download(`/bomb?size=${MAX_BYTES * 10}`)).rejects.toMatchObject({
        code: "file_too_large",
      });
    });
  });

  describe("a server that", () => {
    const timedOut = { code: "download_failed", details: { reason: "timed_out" } };

    test("never answers times out", async () => {
      const id = crypto.randomUUID();
      await expect(open(`/silent?id=${id}`, { headersTimeoutMs: 100 })).rejects.toMatchObject(
        timedOut,
      );
      expect(await droppedConnection(id)).toBe("dropped");
    });

    test("stops in the middle times out", async () => {
      const id = crypto.randomUUID();
      await expect(download(`/stalls?id=${id}`, { timeoutMs: 300 })).rejects.toMatchObject(
        timedOut,
      );
      expect(await droppedConnection(id)).toBe("dropped");
    });

    test("sends for ever times out, by the limit for the whole", async () => {
      const { chunks } = await open(`/endless?id=${crypto.randomUUID()}`, {
        headersTimeoutMs: 200,
        timeoutMs: 400,
        maxBytes: Number.MAX_SAFE_INTEGER,
      });
      await expect(collectNothing(chunks)).rejects.toMatchObject({
        ...timedOut,
        publicMessage: "The URL's file did not arrive within 0.4 s.",
      });
    });

    test.each([204, 206, 299])("answers %i has sent the file", async (code) => {
      await expect(open(`/status?code=${code}`)).resolves.toBeDefined();
    });

    test.each([300, 304, 400, 401, 403, 404, 410, 429, 500, 503])(
      "answers %i has no file",
      async (code) => {
        await expect(open(`/status?code=${code}`)).rejects.toMatchObject({
          code: "download_failed",
          publicMessage: `The URL's server answered with status ${code}.`,
        });
      },
    );

    test("ends before its announced length has failed", async () => {
      await expect(download("/short")).rejects.toMatchObject({
        code: "download_failed",
        details: { reason: "connection" },
      });
    });

    test("sends more than its announced length is read that far or refused", async () => {
      const result = await download("/long").then(
        (bytes) => new TextDecoder().decode(bytes),
        (error: { code: string }) => error.code,
      );
      expect(["abcd", "download_failed"]).toContain(result);
    });

    test("is not there has failed", async () => {
      // Port 1 is reserved and never listened on.
      await expect(openRemote("http://127.0.0.1:1/", OPEN, options())).rejects.toMatchObject({
        code: "download_failed",
        details: { reason: "connection" },
      });
    });
  });

  test("who stops reading drops the connection", async () => {
    const id = crypto.randomUUID();
    const { chunks } = await open(`/endless?id=${id}`);
    for await (const chunk of chunks) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(await droppedConnection(id)).toBe("dropped");
  });
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

async function collectNothing(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks);
}
