/** Names of input and output files. */

/**
 * An output's name: its input's base name with the new extension, and a number where that is in
 * `taken` already, without regard to case. After "photo.webp" comes "photo (1).webp".
 * @param page its number, where the name is to say it: "scan-2.png"
 */
export function nameOutput(
  inputName: string,
  extension: string,
  taken: readonly string[],
  page: number | null = null,
): string {
  const base = page === null ? baseName(inputName) : `${baseName(inputName)}-${page}`;
  const used = new Set(taken.map((name) => name.toLowerCase()));
  let name = `${base}.${extension}`;
  for (let copy = 1; used.has(name.toLowerCase()); copy++) name = `${base} (${copy}).${extension}`;
  return name;
}

/** File systems allow 255 for the whole name. */
const MAX_BASE_BYTES = 200;

/** What no file system or header minds: no folders, control characters, quotes or leading dots. */
function baseName(name: string): string {
  const file = name.split(/[/\\]/).pop() ?? "";
  const stem = file.replace(/(?<=.)\.[^.]*$/, "");
  // eslint-disable-next-line no-control-regex
  const clean = stem.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029"<>:|?*]/g, "");
  return cut(clean.replace(/^[.\s]+|[.\s]+$/g, "").toWellFormed()) || "image";
}

/** The beginning of a name that is too long, in whole characters. */
function cut(name: string): string {
  const bytes = Buffer.from(name);
  let end = Math.min(bytes.length, MAX_BASE_BYTES);
  // Bytes 10xxxxxx continue a character.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}

const MAX_FILENAME_BYTES = 200;

/** A client's file name without folders and control characters; `fallback` if nothing is left. */
export function cleanFilename(name: string | undefined, fallback: string): string {
  const base = (name ?? "").split(/[/\\]/).at(-1) ?? "";
  // oxlint-disable-next-line no-control-regex -- they are what must go
  const clean = base.replace(/[\u0000-\u001f\u007f]/g, "").trim();
  if (clean === "" || clean === "." || clean === "..") return fallback;
  return keepEnd(clean.toWellFormed());
}

/** The end of a name that is too long, in whole characters: the end has the extension. */
function keepEnd(name: string): string {
  const bytes = Buffer.from(name);
  let start = Math.max(0, bytes.length - MAX_FILENAME_BYTES);
  // Bytes 10xxxxxx continue a character.
  while (((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return bytes.toString("utf8", start);
}
