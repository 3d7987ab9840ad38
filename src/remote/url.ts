/** Which URLs may be fetched, as far as their text tells. */
import { AppError } from "../errors.ts";
import { isPublicAddress, readAddress } from "./addresses.ts";

/** Plain data: it can be stored with a job and sent over RPC. */
export interface UrlPolicy {
  /** Development only: any host, address and port, and names are not looked up. */
  allowPrivate: boolean;
  /** 80 and 443 by default. */
  ports?: readonly number[] | undefined;
}

/** Signed URLs of object stores carry a few hundred to two thousand characters. */
const MAX_LENGTH = 4096;

const DEFAULT_PORTS: readonly number[] = [80, 443];

/** What each rule's refusal says. */
const RULES = {
  length: `A URL may have ${MAX_LENGTH} characters at most.`,
  syntax: "The URL cannot be read.",
  scheme: "A URL must begin with http:// or https://.",
  credentials: "A URL may not hold a user name or password.",
  port: "The URL's port is not allowed.",
  host: "The URL's host must be a public name or address.",
} as const;

type Rule = keyof typeof RULES;

/** @returns AppError url_not_allowed that says which rule, and nothing that a look-up found */
export function refusal(rule: Rule): AppError {
  return new AppError("url_not_allowed", RULES[rule], { rule });
}

/**
 * The URL as it will be fetched. Synchronous, so that a request can be refused at once; what the
 * host's name leads to is checked by `openRemote`.
 * @param base what a relative URL starts from
 * @throws AppError url_not_allowed
 */
export function checkUrl(text: string, policy: UrlPolicy, base?: URL): URL {
  if (text.length > MAX_LENGTH) throw refusal("length");
  const url = parseUrl(text, base);
  if (url === null) throw refusal("syntax");
  // Percent-encoding and Punycode made it longer.
  if (url.href.length > MAX_LENGTH) throw refusal("length");
  const port = SCHEME_PORTS.get(url.protocol);
  if (port === undefined) throw refusal("scheme");
  if (url.username !== "" || url.password !== "") throw refusal("credentials");
  if (policy.allowPrivate) return url;
  if (!(policy.ports ?? DEFAULT_PORTS).includes(Number(url.port || port))) throw refusal("port");
  if (!isPublicHost(url.hostname)) throw refusal("host");
  return url;
}

/** Decides which schemes there are, too. */
const SCHEME_PORTS = new Map([
  ["http:", 80],
  ["https:", 443],
]);

function parseUrl(text: string, base: URL | undefined): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

function isPublicHost(hostname: string): boolean {
  const address = readAddress(hostname);
  return address === undefined ? isPublicName(hostname) : isPublicAddress(address);
}

/** At least two labels, none of them empty: no name that a search list or a hosts file completes. */
const FULL_NAME = /^(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{1,63}$/;

/** Longest name of the DNS, in characters. */
const MAX_NAME_LENGTH = 253;

/**
 * Top-level names that the public DNS will never have, or whose names belong to machines: RFC
 * 6761, 6762, 7686, 8375, 9476; `internal` and those that ICANN reserved or withheld because
 * private networks use them; `arpa` is the DNS's own. Metadata services have names under
 * `internal` (Google) or none.
 */
const PRIVATE_SUFFIXES = new Set([
  ...["localhost", "local", "localdomain", "internal", "test", "example", "invalid"],
  ...["onion", "alt", "arpa", "lan", "home", "corp", "mail", "private", "intranet"],
]);

/** @param hostname as the URL parser leaves it: ASCII, lower-case */
function isPublicName(hostname: string): boolean {
  if (hostname.length > MAX_NAME_LENGTH || !FULL_NAME.test(hostname)) return false;
  return !PRIVATE_SUFFIXES.has(hostname.slice(hostname.lastIndexOf(".") + 1));
}
