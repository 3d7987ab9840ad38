/** Names to addresses, by DNS over HTTPS: a Worker has no resolver of its own to ask. */
import { z } from "zod";

/**
 * All addresses of a name, none where it has none.
 * @throws anything when they cannot be found out
 */
export type Resolve = (name: string, signal: AbortSignal) => Promise<string[]>;

const DEFAULT_URL = "https://cloudflare-dns.com/dns-query";

/** Numbers of the DNS (RFC 1035, RFC 3596). */
const TYPES = { A: 1, AAAA: 28 } as const;
const NO_ERROR = 0;
const NO_SUCH_NAME = 3;

/** The JSON format that Cloudflare and Google share; CNAMEs on the way are answers, too. */
const ANSWER = z.object({
  Status: z.number(),
  Answer: z.array(z.object({ type: z.number(), data: z.string() })).default([]),
});

/** @param url of a resolver that answers application/dns-json */
export function dohResolver(url = DEFAULT_URL): Resolve {
  return async (name, signal) => {
    const answers = await Promise.all([
      ask(url, name, "A", signal),
      ask(url, name, "AAAA", signal),
    ]);
    return answers.flat();
  };
}

async function ask(
  url: string,
  name: string,
  type: keyof typeof TYPES,
  signal: AbortSignal,
): Promise<string[]> {
  const query = new URL(url);
  query.searchParams.set("name", name);
  query.searchParams.set("type", type);
  const response = await fetch(query, {
    headers: { Accept: "application/dns-json" },
    redirect: "manual",
    signal,
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`The resolver answered with status ${response.status}.`);
  }
  const { Status: status, Answer: records } = ANSWER.parse(await response.json());
  if (status === NO_SUCH_NAME) return [];
  if (status !== NO_ERROR) throw new Error(`The resolver answered with DNS status ${status}.`);
  return records.filter((record) => record.type === TYPES[type]).map((record) => record.data);
}
