/** Looking up in the table of formats: by first bytes, by name, by what a format can. */
import { LANES, type LaneName } from "./format.ts";
import { FORMATS, type FormatName, type ReadableFormat, type WritableFormat } from "./formats.ts";

/** The format of a file by its first bytes; its name and its Content-Type decide nothing. */
export function sniffFormat(head: Uint8Array): FormatName | undefined {
  return formatNames().find((name) => FORMATS[name].matches(head));
}

/** The format a request means by "jpg", "JPEG" or ".jpeg". */
export function findFormat(name: string): FormatName | undefined {
  const wanted = name.trim().toLowerCase().replace(/^\./, "");
  return formatNames().find(
    (candidate) =>
      candidate === wanted || (FORMATS[candidate].aliases as readonly string[]).includes(wanted),
  );
}

/** The same, of those that an output may have. */
export function findWritableFormat(name: string): WritableFormat | undefined {
  const format = findFormat(name);
  return format !== undefined && isWritable(format) ? format : undefined;
}

export function formatNames(): FormatName[] {
  return Object.keys(FORMATS) as FormatName[];
}

export const isReadable = (name: FormatName): name is ReadableFormat => FORMATS[name].reads;

export const isWritable = (name: FormatName): name is WritableFormat => FORMATS[name].writes;

export const readableFormats = (): ReadableFormat[] => formatNames().filter(isReadable);

export const writableFormats = (): WritableFormat[] => formatNames().filter(isWritable);

/** The heaviest lane that one of the formats needs; formats of no row need none. */
export function heaviestLane(names: readonly FormatName[]): LaneName {
  const needed: readonly LaneName[] = names.map((name) => FORMATS[name].lane);
  return LANES.findLast((lane) => needed.includes(lane)) ?? LANES[0];
}
