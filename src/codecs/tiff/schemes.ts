/** How strips are compressed. */
import { constants, deflateSync, type ZlibOptions } from "node:zlib";
import type { Effort, TiffCompression } from "../codec.ts";
import { LZW_WRITER_BYTES, lzwBytes, storedLzwBytes, storeLzw, writeLzw } from "./lzw-writer.ts";
import { store, storedBytes } from "./stored.ts";
import { COMPRESSION } from "./tags.ts";

export interface Scheme {
  /** By its number in the directory. */
  code: number;
  /** Whether differences of neighbours are what is compressed. */
  isPredicted: boolean;
  /** The result is the receiver's own. Without it all strips are stored. */
  compress: ((strip: Uint8Array, effort: Effort) => Uint8Array) | null;
  /** The same without compression, as long as `storedBytes` says; the receiver's own. */
  store(strip: Uint8Array): Uint8Array;
  storedBytes(rawBytes: number): number;
  /** What compressing or storing a strip of so many bytes holds, in bytes. An upper bound. */
  workBytes(rawBytes: number): number;
}

/** zlib's window and hash chains, and its output before it is cut to length. */
const ZLIB_BYTES = 512 * 1024;

const { Z_RLE } = constants;

interface Way {
  /** Least share of bytes in a strip that are as the one before, for this way to be taken. */
  fromShare: number;
  /** The shortest result counts. */
  tries: readonly ZlibOptions[];
}

/**
 * What suits photos, whose differences hardly repeat, is bad for drawings, which a real search
 * makes far smaller (see png/encode.ts). Measured on a photo: level 6 takes four times as long.
 */
const WAYS: Readonly<Record<Effort, readonly [Way, ...Way[]]>> = {
  fast: [{ fromShare: 0, tries: [{ level: 1 }] }],
  default: [
    { fromShare: 0, tries: [{ level: 6, strategy: Z_RLE }] },
    { fromShare: 0.15, tries: [{ level: 3 }] },
    { fromShare: 0.5, tries: [{ level: 6 }] },
  ],
  max: [
    { fromShare: 0, tries: [{ level: 8 }, { level: 6, strategy: Z_RLE }] },
    { fromShare: 0.5, tries: [{ level: 9 }] },
  ],
};

function deflate(strip: Uint8Array, effort: Effort): Uint8Array {
  const [first, ...others] = WAYS[effort];
  let same = 0;
  for (let i = 1; i < strip.length; i++) if (strip[i] === strip[i - 1]) same++;
  const way = others.findLast(({ fromShare }) => same >= fromShare * strip.length) ?? first;
  const results = way.tries.map((options) => deflateSync(strip, options));
  return results.reduce((best, result) => (result.length < best.length ? result : best));
}

/** Noise would become longer than it is. */
function compressByLzw(strip: Uint8Array): Uint8Array {
  const made = writeLzw(strip);
  return made.length > storedLzwBytes(strip.length) ? storeLzw(strip) : made;
}

export const SCHEMES: Readonly<Record<TiffCompression, Scheme>> = {
  deflate: {
    code: COMPRESSION.deflate,
    isPredicted: true,
    compress: deflate,
    store,
    storedBytes,
    // Compressed in up to two ways, or stored.
    workBytes: (rawBytes) => 3 * storedBytes(rawBytes) + ZLIB_BYTES,
  },
  lzw: {
    code: COMPRESSION.lzw,
    isPredicted: true,
    compress: compressByLzw,
    store: storeLzw,
    storedBytes: storedLzwBytes,
    workBytes: (rawBytes) => lzwBytes(rawBytes) + LZW_WRITER_BYTES + storedLzwBytes(rawBytes),
  },
  none: {
    code: COMPRESSION.none,
    isPredicted: false,
    compress: null,
    store: (strip) => strip.slice(),
    storedBytes: (rawBytes) => rawBytes,
    workBytes: (rawBytes) => rawBytes,
  },
};
