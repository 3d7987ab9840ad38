/** Lossy pictures by libjxl, as @jsquash/jxl 1.3.0 compiles it. */
import createModule from "@jsquash/jxl/codec/enc/jxl_enc.js";
import libjxlModule from "@jsquash/jxl/codec/enc/jxl_enc.wasm";
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { InstanceKind, Workspace } from "../../pipeline/memory.ts";
import type { Effort, EncodeOptions } from "../codec.ts";
import { startEmscripten, type EmscriptenFactory, type EmscriptenInstance } from "../emscripten.ts";

interface Libjxl {
  encode(rgba: Uint8Array, width: number, height: number, options: object): Uint8Array | null;
}

const LIBJXL: InstanceKind<EmscriptenInstance<Libjxl>> = {
  name: "@jsquash/jxl encoder",
  create: () =>
    startEmscripten(createModule as unknown as EmscriptenFactory<Libjxl>, libjxlModule, "F"),
};

/** libjxl's own; above 5 it looks for what repeats, which becomes frames of its own. */
const EFFORTS: Readonly<Record<Effort, number>> = { fast: 3, default: 4, max: 5 };

const FIXED_OPTIONS = {
  ...{ progressive: false, epf: -1, lossyPalette: false, decodingSpeedTier: 0, photonNoiseIso: 0 },
  ...{ lossyModular: false, lossless: false },
} as const;

/**
 * 100 would be without loss. Below 52 libjxl puts an eighth of the picture's resolution in a frame
 * before the others, which cannot be one of a tile; it would save little.
 */
const [LEAST_QUALITY, MOST_QUALITY] = [52, 99];

const LIFT = { from: 80, perPoint: 1 / 6 };

/** This libjxl keeps less of strong colours than today's does, at qualities that are to keep most. */
const liftQuality = (quality: number): number =>
  quality + Math.max(0, quality - LIFT.from) * LIFT.perPoint;

/** Measured: libjxl's own, and what it takes a pixel. */
const BASE_BYTES = 17 * MIB;
const PIXEL_BYTES = 90;

/** Upper bound of what it holds of a picture of so many pixels. */
export const libjxlMemory = (pixels: number): number => BASE_BYTES + pixels * PIXEL_BYTES;

/** @returns encodes sRGB to a codestream of one frame, which is valid until the next */
export async function startLibjxl(
  workspace: Workspace,
  pixels: number,
  { quality, effort }: EncodeOptions,
): Promise<(rgba: Uint8Array, width: number, height: number) => Uint8Array> {
  const bytes = libjxlMemory(pixels);
  const libjxl = await workspace.take(LIBJXL, bytes);
  libjxl.limitBytes = bytes;
  const options = {
    ...FIXED_OPTIONS,
    quality: Math.min(Math.max(liftQuality(quality), LEAST_QUALITY), MOST_QUALITY),
    effort: EFFORTS[effort],
  };
  return (rgba, width, height) => {
    const code = libjxl.api.encode(rgba, width, height, options);
    if (!code) throw new AppError("internal", "The JPEG XL encoder refused the picture.");
    return code;
  };
}
