/** The policy for URLs, from a deployment's variables. */
import type { UrlPolicy } from "./url.ts";

export interface UrlVariables {
  /** "1": development only. */
  ALLOW_PRIVATE_URLS?: string;
  /** Ports that URLs may name, e.g. "80,443,8080". */
  URL_PORTS?: string;
}

const LOOPBACK_HOSTS = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * @param serviceUrl any URL by which this request reached the service: ALLOW_PRIVATE_URLS counts
 * only where that is a loopback address, which a deployment cannot be reached by
 * @throws Error when URL_PORTS is not a list of ports
 */
export function readUrlPolicy(variables: UrlVariables, serviceUrl: string): UrlPolicy {
  const isLocal = LOOPBACK_HOSTS.has(new URL(serviceUrl).hostname);
  return {
    allowPrivate: variables.ALLOW_PRIVATE_URLS === "1" && isLocal,
    ports: variables.URL_PORTS ? readPorts(variables.URL_PORTS) : undefined,
  };
}

function readPorts(list: string): number[] {
  return list.split(",").map((text) => {
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new Error(`URL_PORTS must be ports with commas between them, not "${list}".`);
    }
    return port;
  });
}
