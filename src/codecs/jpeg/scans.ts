/** The markers after the first scan: more scans, and the end. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import { invalid, truncated } from "./failures.ts";
import { EOI, SOI } from "./segments.ts";
import { applySegment, type Tables } from "./tables.ts";

const SOS = 0xda;
const DNL = 0xdc;
const WINDOW_BYTES = 64 * 1024;
const SCAN_WINDOW_BYTES = 1024 * 1024;

/** What is known of a file after its last scan. */
export interface Scans {
  count: number;
  /** Whether an EOI marker ends the last one. */
  complete: boolean;
}

/** Whether a marker stands alone, without a segment. */
const standsAlone = (code: number): boolean => code === SOI || code === 0x01;

/**
 * Counts the scans up to the first EOI marker. What follows it (a gain map, a preview) is another
 * picture's.
 */
export function countScans(file: Uint8Array): Scans {
  let count = 0;
  const complete = walk(file, 2, (marker) => {
    if (marker === SOS) count++;
  });
  return { count, complete: complete && count > 0 };
}

export interface ScanPlace {
  /** Of the scan header. */
  payload: Uint8Array;
  tables: Tables;
  /** Where its data starts. */
  offset: number;
}

/**
 * All scans with the tables in force, up to the first EOI marker.
 * @throws AppError invalid_image
 */
export function listScans(
  file: Uint8Array,
  start: { tables: Tables; scan: Uint8Array; dataOffset: number },
): { scans: ScanPlace[]; complete: boolean } {
  let { tables } = start;
  const scans = [{ payload: start.scan, tables, offset: start.dataOffset }];
  const complete = walk(file, start.dataOffset, (marker, segment, end) => {
    if (marker === SOS) scans.push({ payload: segment.slice(), tables, offset: end });
    else tables = applySegment(tables, marker, segment);
  });
  return { scans, complete };
}

/** Visits the segments from `offset` on. Returns whether there is an EOI marker. */
function walk(
  file: Uint8Array,
  offset: number,
  visit: (marker: number, payload: Uint8Array, end: number) => void,
): boolean {
  for (;;) {
    const marker = findMarker(file, offset);
    if (marker < 0) return false;
    const code = file[marker + 1] ?? 0;
    if (code === EOI) return true;
    offset = marker + 2;
    if (standsAlone(code)) continue;
    const end = offset + (file[offset] ?? 0) * 256 + (file[offset + 1] ?? 0);
    visit(code, file.subarray(offset + 2, Math.max(offset + 2, end)), end);
    offset = end;
  }
}

/** The next marker but for those that belong to entropy-coded data: stuffed zeros, restarts. */
function findMarker(file: Uint8Array, from: number): number {
  let offset = file.indexOf(0xff, from);
  while (offset >= 0 && offset + 1 < file.length) {
    const code = file[offset + 1] ?? 0;
    if (code !== 0 && code !== 0xff && (code < 0xd0 || code > 0xd7)) return offset;
    offset = file.indexOf(0xff, offset + (code === 0xff ? 1 : 2));
  }
  return -1;
}

/**
 * The picture's height where its frame header leaves that open: then a DNL segment ends the first
 * scan, whose data start at `offset` (T.81, B.2.5). Reads all of that scan.
 * @throws AppError invalid_image, truncated_image
 */
export async function findHeight(bytes: ByteSource, offset: number): Promise<number> {
  for (;;) {
    const window = await bytes.read(offset, SCAN_WINDOW_BYTES);
    if (window.length < 2) throw truncated();
    const marker = findMarker(window, 0);
    if (marker < 0) {
      offset += window.length - 1; // its last byte may be a marker's first
      continue;
    }
    const [, code, , length, high = 0, low = 0] = await bytes.read(offset + marker, 6);
    const height = high * 256 + low;
    if (code !== DNL || length !== 4 || height === 0) throw invalid("The JPEG file has no height.");
    return height;
  }
}

/**
 * Whether an EOI marker follows from `offset` on, where a marker is.
 * @throws AppError invalid_image when segments do not end
 */
export async function findEnd(bytes: ByteSource, offset: number): Promise<boolean> {
  for (let segments = 0; segments < 1000;) {
    const window = await bytes.read(offset, WINDOW_BYTES);
    if (window.length < 2) return false;
    const marker = findMarker(window, 0);
    if (marker < 0) {
      offset += window.length - 1; // its last byte may be a marker's first
      continue;
    }
    const code = window[marker + 1] ?? 0;
    if (code === EOI) return true;
    segments++;
    offset += marker + 2;
    if (standsAlone(code)) continue;
    const [high = 0, low = 0] = await bytes.read(offset, 2);
    offset += Math.max(2, high * 256 + low);
  }
  throw invalid("The JPEG file has too many segments.");
}
