/** The segments that say how entropy-coded data is to be read (T.81, B.2.3 and B.2.4). */
import type { AppError } from "../../errors.ts";
import * as layout from "../../kernels/assembly/jpeg-decode-layout.ts";
import type { ReaderPlan } from "../../kernels/jpeg-decoder.ts";
import type { HuffmanTable } from "../../kernels/jpeg-encoder.ts";
import { invalid } from "./failures.ts";
import { STANDARD_TABLES } from "./huffman.ts";

const MAX_LENGTH_BITS = 16;
const MAX_DC_SIZE = 15;
const MAX_SHIFT = 13;
const LAST_POSITION = 63;

const damaged = (what: string): AppError => invalid(`The JPEG file's ${what} is damaged.`);

/** What is in force at some place in the file. */
export interface Tables {
  /** By destination, 0 to 3, divisors in zigzag order. */
  quantisation: readonly (Uint16Array | undefined)[];
  dc: readonly (HuffmanTable | undefined)[];
  ac: readonly (HuffmanTable | undefined)[];
  restartInterval: number;
}

/** Motion JPEG leaves the standard tables out. */
export const FIRST_TABLES: Tables = {
  quantisation: [],
  dc: [STANDARD_TABLES[0], STANDARD_TABLES[2]],
  ac: [STANDARD_TABLES[1], STANDARD_TABLES[3]],
  restartInterval: 0,
};

/** The tables after a segment; those of other markers change nothing. @throws AppError invalid_image */
export function applySegment(tables: Tables, marker: number, payload: Uint8Array): Tables {
  if (marker === 0xc4) return applyHuffman(tables, payload);
  if (marker === 0xdb) return applyQuantisation(tables, payload);
  if (marker !== 0xdd) return tables;
  if (payload.length !== 2) throw damaged("restart interval");
  return { ...tables, restartInterval: (payload[0] ?? 0) * 256 + (payload[1] ?? 0) };
}

function applyHuffman(tables: Tables, payload: Uint8Array): Tables {
  const dc = [...tables.dc];
  const ac = [...tables.ac];
  for (let at = 0; at < payload.length;) {
    const target = payload[at] ?? 0;
    const counts = payload.slice(at + 1, at + 1 + MAX_LENGTH_BITS);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const end = at + 1 + MAX_LENGTH_BITS + total;
    if (total > 256 || end > payload.length || (target & 0xef) > 3) throw damaged("Huffman table");
    const symbols = payload.slice(end - total, end);
    checkCodes(counts);
    const isDc = target < 16;
    if (isDc && symbols.some((size) => size > MAX_DC_SIZE)) throw damaged("Huffman table");
    (isDc ? dc : ac)[target & 3] = { counts, symbols };
    at = end;
  }
  return { ...tables, dc, ac };
}

/** There must not be more codes of a length than fit it. */
function checkCodes(counts: Uint8Array): void {
  let room = 1;
  for (const count of counts) {
    room = room * 2 - count;
    if (room < 0) throw damaged("Huffman table");
  }
}

function applyQuantisation(tables: Tables, payload: Uint8Array): Tables {
  const quantisation = [...tables.quantisation];
  for (let at = 0; at < payload.length;) {
    const target = payload[at++] ?? 0;
    const bytes = target >> 4 ? 2 : 1;
    if (target >> 4 > 1 || (target & 15) > 3 || at + 64 * bytes > payload.length) {
      throw damaged("quantisation table");
    }
    const from = at;
    quantisation[target & 3] = Uint16Array.from({ length: 64 }, (_, k) =>
      bytes === 1
        ? (payload[from + k] ?? 0)
        : (payload[from + 2 * k] ?? 0) * 256 + (payload[from + 2 * k + 1] ?? 0),
    );
    at += 64 * bytes;
  }
  return { ...tables, quantisation };
}

/**
 * What a scan header says, with the tables it refers to.
 * @param ids the components' identifiers, in the frame's order
 * @throws AppError invalid_image
 */
export function parseScan(
  payload: Uint8Array,
  ids: readonly number[],
  progressive: boolean,
  tables: Tables,
): ReaderPlan {
  const count = payload[0] ?? 0;
  if (count < 1 || count > 4 || payload.length < 4 + 2 * count) throw damaged("scan header");
  const [first = 0, last = 0, bits = 0] = payload.subarray(1 + 2 * count);
  const shift = bits & 15;
  const kind = progressive ? chooseKind(first, bits >> 4) : layout.KIND_SEQUENTIAL;
  if (progressive) {
    const valid = first === 0 ? last === 0 : last >= first && last <= LAST_POSITION && count === 1;
    if (!valid || shift > MAX_SHIFT) throw damaged("scan header");
  }
  const needsDc = kind === layout.KIND_SEQUENTIAL || kind === layout.KIND_DC_FIRST;
  const needsAc = kind !== layout.KIND_DC_FIRST && kind !== layout.KIND_DC_REFINE;
  const parts = Array.from({ length: count }, (_, i) => {
    const component = ids.indexOf(payload[1 + 2 * i] ?? 0);
    const selected = payload[2 + 2 * i] ?? 0;
    const dc = tables.dc[selected >> 4] ?? null;
    const ac = tables.ac[selected & 15] ?? null;
    if (component < 0 || (needsDc && !dc) || (needsAc && !ac)) throw damaged("scan header");
    return { component, dc: needsDc ? dc : null, ac: needsAc ? ac : null };
  });
  if (new Set(parts.map(({ component }) => component)).size < count) throw damaged("scan header");
  return { parts, kind, first, last, shift, restartInterval: tables.restartInterval };
}

function chooseKind(first: number, refined: number): number {
  if (first === 0) return refined ? layout.KIND_DC_REFINE : layout.KIND_DC_FIRST;
  return refined ? layout.KIND_AC_REFINE : layout.KIND_AC_FIRST;
}
