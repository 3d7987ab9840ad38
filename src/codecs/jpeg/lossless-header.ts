/** Heads of lossless JPEGs (ITU-T T.81, process 14), which raw files hold sensor data in. */
import { AppError } from "../../errors.ts";
import { invalid } from "./failures.ts";

export interface LosslessHeader {
  /** Pixels of a row, each of all components. */
  width: number;
  height: number;
  components: number;
  /** Bits a sample, 2 to 16. */
  precision: number;
  /** 1 to 7 (table H.1). */
  predictor: number;
  /** Rows between restart markers; 0 where there are none. */
  restartRows: number;
  /** Of each component. */
  tables: readonly DifferenceTable[];
  /** Where the scan's data start. */
  dataOffset: number;
}

/** Prefix codes of the differences' categories, which are their lengths in bits. */
export interface DifferenceTable {
  /** By the next FAST_BITS bits: 256 × the code's length + the category; 0 where it is longer. */
  fast: Uint16Array;
  /** By length: the first code that is too large for it, aligned to 16 bits. */
  limits: Int32Array;
  /** By length: what a code's number is less than its category's place. */
  places: Int32Array;
  categories: Uint8Array;
}

export const FAST_BITS = 10;
const MAX_CODE_BITS = 16;
const MAX_CATEGORY = 16;
const MAX_COMPONENTS = 4;

const SOI = 0xff_d8;
const SOF3 = 0xc3;
const DHT = 0xc4;
const SOS = 0xda;
const DRI = 0xdd;

const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== 0xc8 && marker !== 0xcc;

interface Frame {
  precision: number;
  width: number;
  height: number;
  ids: number[];
}

/**
 * @param head of a JPEG, as long as any head may be, or all of it
 * @returns null where it is a JPEG of another process
 * @throws AppError invalid_image, unsupported_feature
 */
export function readLosslessHeader(head: Uint8Array): LosslessHeader | null {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (head.length < 4 || view.getUint16(0) !== SOI) throw invalid("This is not a JPEG file.");
  const tables: (DifferenceTable | undefined)[] = [];
  let frame: Frame | undefined;
  let interval = 0;
  for (let at = 2; at + 4 <= head.length;) {
    const [prefix, marker = 0] = head.subarray(at, at + 2);
    const bytes = view.getUint16(at + 2);
    const end = at + 2 + bytes;
    if (prefix !== 0xff || bytes < 2 || end > head.length) break;
    const content = head.subarray(at + 4, end);
    if (marker === DHT) readTables(content, tables);
    else if (marker === DRI) interval = ((content[0] ?? 0) << 8) | (content[1] ?? 0);
    else if (marker === SOF3) frame = readFrame(content);
    else if (isFrame(marker)) return null;
    else if (marker === SOS) {
      if (!frame) break;
      return { ...readScan(content, frame, tables, interval), dataOffset: end };
    }
    at = end;
  }
  throw invalid("The lossless JPEG's head is damaged.");
}

function readFrame(content: Uint8Array): Frame {
  const [precision = 0, h1 = 0, h0 = 0, w1 = 0, w0 = 0, components = 0] = content;
  const frame = { precision, height: (h1 << 8) | h0, width: (w1 << 8) | w0 };
  const isPossible = frame.width > 0 && frame.height > 0 && precision >= 2 && precision <= 16;
  if (!isPossible || components === 0 || components > MAX_COMPONENTS) throw invalid();
  if (content.length < 6 + components * 3) throw invalid();
  const ids: number[] = [];
  for (let at = 6; ids.length < components; at += 3) {
    ids.push(content[at] ?? 0);
    if (content[at + 1] !== 0x11) throw unsupported("with subsampled components");
  }
  return { ...frame, ids };
}

function readScan(
  content: Uint8Array,
  { ids, precision, width, height }: Frame,
  tables: readonly (DifferenceTable | undefined)[],
  interval: number,
): Omit<LosslessHeader, "dataOffset"> {
  const components = content[0] ?? 0;
  if (components !== ids.length) throw unsupported("of several scans");
  if (content.length < 4 + components * 2) throw invalid();
  const chosen = ids.map((id, i) => {
    const table = tables[(content[2 + i * 2] ?? 0) >> 4];
    if (content[1 + i * 2] !== id || !table) throw invalid();
    return table;
  });
  const predictor = content[1 + components * 2] ?? 0;
  if (predictor < 1 || predictor > 7) throw invalid();
  const transform = (content[3 + components * 2] ?? 0) & 15;
  if (transform !== 0) throw unsupported("with a point transform");
  // The standard has it so (H.1.1).
  if (interval % width !== 0) throw invalid();
  const restartRows = interval / width;
  return { width, height, components, precision, predictor, restartRows, tables: chosen };
}

/** Several tables may be in one segment (B.2.4.2). */
function readTables(content: Uint8Array, tables: (DifferenceTable | undefined)[]): void {
  for (let at = 0; at < content.length;) {
    const counts = content.subarray(at + 1, at + 1 + MAX_CODE_BITS);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const end = at + 1 + MAX_CODE_BITS + total;
    if (end > content.length) throw invalid();
    const categories = content.slice(at + 1 + MAX_CODE_BITS, end);
    tables[(content[at] ?? 0) & 15] = createTable(counts, categories);
    at = end;
  }
}

function createTable(counts: Uint8Array, categories: Uint8Array): DifferenceTable {
  if (categories.some((category) => category > MAX_CATEGORY)) throw invalid();
  const fast = new Uint16Array(1 << FAST_BITS);
  const limits = new Int32Array(MAX_CODE_BITS + 2);
  const places = new Int32Array(MAX_CODE_BITS + 1);
  let [code, place] = [0, 0];
  for (let length = 1; length <= MAX_CODE_BITS; length++, code <<= 1) {
    places[length] = place - code;
    for (let i = 0; i < (counts[length - 1] ?? 0); i++, code++, place++) {
      if (code >= 1 << length) throw invalid();
      if (length > FAST_BITS) continue;
      const spare = FAST_BITS - length;
      const entry = (length << 8) | (categories[place] ?? 0);
      fast.fill(entry, code << spare, (code + 1) << spare);
    }
    limits[length] = code << (MAX_CODE_BITS - length);
  }
  return { fast, limits, places, categories };
}

const unsupported = (what: string): AppError =>
  new AppError("unsupported_feature", `A lossless JPEG ${what} cannot be read.`);
