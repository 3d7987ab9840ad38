/** A web server on this machine that behaves as badly as the internet does. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

const BLOCK = new Uint8Array(65_536).fill(7);

export interface RemoteServer {
  /** "http://127.0.0.1:PORT" */
  url: string;
  close(): Promise<void>;
}

type Route = (query: URLSearchParams, response: ServerResponse, request: IncomingMessage) => void;

/** Connections of `id` that were dropped before their answer was whole. */
type Dropped = Map<string, PromiseWithResolvers<void>>;

/** Answers of /dns-query: DNS status, records by type. */
const ZONE: Record<string, { status?: number; A?: string[]; AAAA?: string[]; CNAME?: string }> = {
  "example.com": { A: ["93.184.215.14"], AAAA: ["2606:2800:21f:cb07::1"] },
  "alias.example.com": { CNAME: "example.com.", A: ["93.184.215.14"] },
  "broken.example.com": { status: 2 },
  "missing.example.com": { status: 3 },
  "empty.example.com": {},
};
const RECORD_TYPES = { A: 1, CNAME: 5, AAAA: 28 };

function routes(dropped: Dropped): Record<string, Route> {
  const noteDrop = (query: URLSearchParams, response: ServerResponse) => {
    const { resolve } = waiter(dropped, query.get("id") ?? "");
    response.on("close", resolve);
  };
  return {
    /** `size` bytes, byte by byte its place, `type` as content type. */
    "/file.bin": (query, response) => {
      const size = Number(query.get("size"));
      response.setHeader("Content-Type", query.get("type") ?? "image/png");
      response.setHeader("Content-Length", size);
      response.end(Uint8Array.from({ length: size }, (_, index) => index & 255));
    },
    "/headers": (_, response, request) => response.end(JSON.stringify(request.headers)),
    "/status": (query, response) => response.writeHead(Number(query.get("code"))).end("body"),
    "/named/": (query, response) =>
      response.setHeader("Content-Disposition", query.get("disposition") ?? "").end("x"),
    "/redirect": (query, response) => {
      const code = Number(query.get("code") ?? 302);
      response.writeHead(code, { Location: query.get("to") ?? "", "Set-Cookie": "a=b" }).end("x");
    },
    /** `left` more redirects before the file. */
    "/hops": (query, response) => {
      const left = Number(query.get("left"));
      const to = left === 0 ? "/file.bin?size=10" : `hops?left=${left - 1}`;
      response.writeHead(307, { Location: to }).end();
    },
    /** Chunks for ever, as fast as they are taken. */
    "/endless": (query, response) => {
      noteDrop(query, response);
      const fill = () => {
        while (!response.destroyed && response.write(BLOCK));
      };
      response.on("drain", fill);
      fill();
    },
    /** The beginning, then silence. */
    "/stalls": (query, response) => {
      noteDrop(query, response);
      response.setHeader("Content-Length", 1_000_000);
      response.write(BLOCK);
    },
    "/silent": (query, response) => noteDrop(query, response),
    /** Ends long before the length it announced. */
    "/short": (_, response) => {
      response.setHeader("Content-Length", 1_000_000);
      response.write(BLOCK, () => response.destroy());
    },
    /** Sends more than the length it announced. */
    "/long": (_, response) => {
      const socket = response.socket;
      socket?.end("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcdefgh");
    },
    /** `size` zero bytes in a thousandth of that. */
    "/bomb": (query, response) => {
      response.setHeader("Content-Encoding", "gzip");
      response.end(gzipSync(new Uint8Array(Number(query.get("size")))));
    },
    /** Answers once the connection of `id` has been dropped. */
    "/dropped": (query, response) =>
      void waiter(dropped, query.get("id") ?? "").promise.then(() => response.end("dropped")),
    "/dns-query": (query, response, request) => {
      const name = query.get("name") ?? "";
      const type = query.get("type") === "AAAA" ? "AAAA" : "A";
      const zone = ZONE[name];
      if (!zone || request.headers.accept !== "application/dns-json") {
        response.writeHead(400).end();
        return;
      }
      const alias = zone.CNAME ? [{ name, type: RECORD_TYPES.CNAME, data: zone.CNAME }] : [];
      const records = (zone[type] ?? []).map((data) => ({ name, type: RECORD_TYPES[type], data }));
      const answer = [...alias, ...records];
      response.end(
        JSON.stringify({
          Status: zone.status ?? 0,
          ...(answer.length > 0 && { Answer: answer.map((record) => ({ TTL: 1, ...record })) }),
        }),
      );
    },
  };
}

function waiter(dropped: Dropped, id: string): PromiseWithResolvers<void> {
  const found = dropped.get(id) ?? Promise.withResolvers<void>();
  dropped.set(id, found);
  return found;
}

/** @param files by name: served at /files/NAME, HTML where the name says so */
export async function startRemoteServer(
  files: Record<string, Uint8Array> = {},
): Promise<RemoteServer> {
  const table = routes(new Map());
  for (const [name, bytes] of Object.entries(files)) {
    table[`/files/${name}`] = (_, response) =>
      response
        .setHeader("Content-Type", name.endsWith(".html") ? "text/html" : "image/jpeg")
        .end(bytes);
  }
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://x");
    const path = pathname.startsWith("/named/") ? "/named/" : pathname;
    const route = table[path];
    if (route) route(searchParams, response, request);
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
