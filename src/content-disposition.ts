/** Content-Disposition, read (RFC 7578 as browsers and libraries send it) and written (RFC 6266). */

const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/gs;

/** The parameters by lower-case name, as they stand (`filename*` included). */
function readParameters(header: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name = "", quoted, token] of header.matchAll(PARAMETER)) {
    const value = quoted === undefined ? (token ?? "").trim() : unescapeQuotes(quoted);
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), value);
  }
  return parameters;
}

/** Browsers write %22 for a quote, others \"; a lone backslash belongs to a Windows path. */
const unescapeQuotes = (text: string): string => text.replaceAll('\\"', '"').replaceAll("%22", '"');

/** `filename*`'s value, e.g. "utf-8''caf%C3%A9.png"; undefined when it is not sound UTF-8. */
function decodeExtended(value: string): string | undefined {
  const encoded = /^utf-8'[^']*'(.*)$/is.exec(value)?.[1];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

export interface Disposition {
  /** "form-data", "attachment"; lower-case. */
  type: string;
  name: string | undefined;
  filename: string | undefined;
}

export function readDisposition(header: string): Disposition {
  const parameters = readParameters(header);
  const extended = parameters.get("filename*");
  return {
    type: (header.split(";")[0] ?? "").trim().toLowerCase(),
    name: parameters.get("name"),
    filename: (extended && decodeExtended(extended)) ?? parameters.get("filename"),
  };
}

/** `attachment` with the name for every client: plain ASCII, and as UTF-8. */
export function attachment(filename: string): string {
  const ascii = filename.replace(/[^\u0020-\u007e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(filename.toWellFormed()).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
