/** What the engine is measured by: each case, its peer and its goals. */
import type { Rect } from "../../src/pipeline/geometry.ts";
import type { RawInfo, SharpOptions } from "./sharp.ts";
import { decodeSharp, extractSharp, resizeSharp, runSharp } from "./sharp.ts";

export type InputName = "jpeg" | "progressive" | "png" | "webp" | "rgb" | "rgba" | "jpeg64";

export interface Case {
  name: string;
  /** Of the bench Worker. */
  runner: "pixmill" | "decode" | "encode" | "resample";
  jsquashRunner: string;
  input: InputName;
  options: { format?: string; quality?: number; width?: number; effort?: string; region?: Rect };
  /** Timed runs; large pictures get one. */
  rounds: number;
  /** Times sharp's, at most. */
  sharpLimit: number;
  /** The engine's memory, at most. */
  mibLimit: number;
  makesFile: boolean;
  /** Where quality is compared, too: what sharp writes for that. */
  peerFormat: (SharpOptions & { quality: number }) | null;
  peer(bytes: Uint8Array, photo: RawInfo): Promise<Buffer>;
}

const ROUNDS = 5;
/** Decoding alone is so short that a few disturbed runs would be most of five. */
const DECODE_ROUNDS = 15;
const LARGE_ROUNDS = 1;
export const RESAMPLED_WIDTH = 1600;

/** Of the 12 MP photo, which may be upright. */
const MIDDLE: Rect = { x: 1200, y: 1200, width: 800, height: 800 };

type Goals = readonly [sharpLimit: number, mibLimit: number];

function decode(name: string, input: InputName, [sharpLimit, mibLimit]: Goals): Case {
  return {
    ...{ name, input, sharpLimit, mibLimit, options: {}, rounds: DECODE_ROUNDS, makesFile: false },
    ...{ runner: "decode", jsquashRunner: "jsquash-decode", peerFormat: null },
    peer: (bytes) => decodeSharp(bytes),
  };
}

interface ConvertOptions extends SharpOptions {
  effort?: "max";
}

function convert(
  name: string,
  input: InputName,
  { mozjpeg, ...options }: ConvertOptions,
  [sharpLimit, mibLimit]: Goals,
): Case {
  const { format, quality, width } = options;
  const asked: SharpOptions = { format, quality, width, mozjpeg };
  const isLarge = input === "jpeg64";
  const compares = quality !== undefined && width === undefined && !isLarge;
  return {
    ...{ name, input, sharpLimit, mibLimit, makesFile: true },
    ...{ runner: "pixmill", jsquashRunner: "jsquash" },
    rounds: isLarge ? LARGE_ROUNDS : ROUNDS,
    options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    peerFormat: compares ? { ...asked, quality } : null,
    peer: (bytes) => runSharp(bytes, asked),
  };
}

const Q80 = { quality: 80 };
const FULL_JPEG = { format: "jpg", ...Q80 } as const;
const FULL_WEBP = { format: "webp", ...Q80 } as const;

export const CASES: readonly Case[] = [
  decode("jpeg-decode", "jpeg", [0.9, 8]),
  decode("jpeg-progressive-decode", "progressive", [0.9, 8]),
  {
    ...decode("jpeg-decode-middle", "jpeg", [0.9, 8]),
    options: { region: MIDDLE },
    peer: (bytes) => extractSharp(bytes, MIDDLE),
  },
  {
    ...{ name: "rgb-to-jpeg", input: "rgb", sharpLimit: 0.8, mibLimit: 12, makesFile: true },
    ...{ runner: "encode", jsquashRunner: "jsquash-encode", rounds: ROUNDS },
    options: FULL_JPEG,
    peerFormat: FULL_JPEG,
    peer: (bytes, photo) => runSharp(bytes, FULL_JPEG, photo),
  },
  convert("jpeg-to-jpeg", "jpeg", FULL_JPEG, [1.1, 16]),
  convert("jpeg-to-1600-jpeg", "jpeg", { ...FULL_JPEG, width: 1600 }, [1.2, 16]),
  convert("jpeg-to-800-webp", "jpeg", { ...FULL_WEBP, width: 800 }, [1.2, 24]),
  convert("jpeg-to-webp", "jpeg", FULL_WEBP, [1.0, 40]),
  decode("webp-decode", "webp", [1.2, 24]),
  convert("png-to-png", "png", { format: "png" }, [0.6, 16]),
  convert("png-to-800-png", "png", { format: "png", width: 800 }, [2.0, 16]),
  {
    ...{ name: "resample-1600", input: "rgb", sharpLimit: 1.5, mibLimit: 8, makesFile: false },
    ...{ runner: "resample", jsquashRunner: "jsquash-resample", rounds: ROUNDS },
    options: {},
    peerFormat: null,
    peer: (bytes, photo) => resizeSharp(bytes, photo, RESAMPLED_WIDTH),
  },
  convert("64mp-jpeg-to-jpeg", "jpeg64", FULL_JPEG, [1.1, 40]),
  convert("64mp-jpeg-to-2000-webp", "jpeg64", { ...FULL_WEBP, width: 2000 }, [1.2, 40]),
  convert("64mp-jpeg-to-webp", "jpeg64", FULL_WEBP, [1.2, 80]),
  convert(
    "jpeg-smallest",
    "jpeg",
    { format: "jpg", quality: 75, effort: "max", mozjpeg: true },
    [1.0, 64],
  ),
];
