/** Decompression of a strip or tile: portions in, exactly the wanted bytes out. */
import { inflate, ZLIB_STREAM_BYTES, type ZlibFailures } from "../zlib-stream.ts";
import { createFax, faxBytes, type FaxCoding } from "./ccitt.ts";
import { damaged } from "./failures.ts";
import type { Compression } from "./header.ts";
import { createLzw } from "./lzw.ts";
import { createPackBits } from "./packbits.ts";
import { COMPRESSION } from "./tags.ts";

/** A decompressor that is fed by hand. */
export interface Expander {
  /** Before each strip or tile. */
  reset(): void;
  /** Reads `input` from `from` on, until it ends or there is enough output. @returns up to where */
  read(input: Uint8Array, from: number): number;
  /** What `read` has made; valid until it is called again. */
  output(): Uint8Array;
}

/** @throws AppError invalid_image when the portions hold less than is wanted, or are damaged */
export type Expand = (
  portions: AsyncIterable<Uint8Array>,
  wantedBytes: number,
) => AsyncGenerator<Uint8Array, void, undefined>;

const FAILURES: ZlibFailures = {
  damaged: (cause) => damaged(undefined, cause),
  // The file has all the bytes that it says it has.
  truncated: () => damaged(),
};

const deflate = (): Expand => (portions, wantedBytes) => inflate(portions, wantedBytes, FAILURES);

/** What fax coding is told beside its kind. */
export type FaxRows = Omit<FaxCoding, "kind">;

const EXPANDS: Readonly<Record<Compression, (rows: FaxRows) => Expand>> = {
  [COMPRESSION.none]: () => copy,
  [COMPRESSION.packBits]: () => expandBy(createPackBits()),
  [COMPRESSION.lzw]: () => expandBy(createLzw()),
  [COMPRESSION.deflate]: deflate,
  [COMPRESSION.oldDeflate]: deflate,
  [COMPRESSION.modifiedHuffman]: (rows) => createFax({ ...rows, kind: "modified-huffman" }),
  [COMPRESSION.group3]: (rows) => createFax({ ...rows, kind: "group-3" }),
  [COMPRESSION.group4]: (rows) => createFax({ ...rows, kind: "group-4" }),
  // For jpeg-parts.ts.
  [COMPRESSION.jpeg]: () => copy,
};

export const isFax = (compression: Compression): boolean => FAXES.includes(compression);

const FAXES: readonly Compression[] = [
  ...[COMPRESSION.modifiedHuffman, COMPRESSION.group3, COMPRESSION.group4],
];

export const createExpand = (compression: Compression, rows: FaxRows): Expand =>
  EXPANDS[compression](rows);

/** Upper bound of what one holds. */
export const expandBytes = (compression: Compression, { width }: FaxRows): number =>
  isFax(compression) ? faxBytes(width) : ZLIB_STREAM_BYTES;

async function* copy(
  portions: AsyncIterable<Uint8Array>,
  wantedBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = wantedBytes;
  for await (const portion of portions) {
    const part = portion.subarray(0, left);
    left -= part.length;
    yield part;
    if (left === 0) return;
  }
  if (left > 0) throw damaged();
}

function expandBy(expander: Expander): Expand {
  return async function* (portions, wantedBytes) {
    let left = wantedBytes;
    expander.reset();
    for await (const portion of portions) {
      for (let at = 0; at < portion.length;) {
        at = expander.read(portion, at);
        const part = expander.output().subarray(0, left);
        left -= part.length;
        if (part.length > 0) yield part;
        if (left === 0) return;
      }
    }
    if (left > 0) throw damaged();
  };
}
