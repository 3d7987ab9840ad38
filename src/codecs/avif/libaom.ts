/**
 * AV1 pictures of 10 and 12 bits by libaom, as @jsquash/avif 2.1.1 compiles it with libavif; the
 * build of dav1d that decodes all others has 8 bits only. It wants a file, which is made around the
 * coded data, and makes whole pictures of 16 bits of them: so it takes most where most is to be had.
 */
import createModule from "@jsquash/avif/codec/dec/avif_dec.js";
import libavifModule from "@jsquash/avif/codec/dec/avif_dec.wasm";
import { MIB } from "../../limits.ts";
import type { Planes } from "../../kernels/planar.ts";
import type { InstanceKind, Workspace } from "../../pipeline/memory.ts";
import { concat } from "../concat.ts";
import { startEmscripten, type EmscriptenFactory, type EmscriptenInstance } from "../emscripten.ts";
import type { Piece } from "../isobmff/images.ts";
import type { CodingColour } from "../isobmff/properties.ts";
import { writeHeifHead } from "../isobmff/write.ts";

interface Libavif {
  decode(file: Uint8Array, bits: 16): { data: Uint16Array; width: number; height: number } | null;
}

const LIBAVIF: InstanceKind<EmscriptenInstance<Libavif>> = {
  name: "@jsquash/avif decoder",
  create: () =>
    startEmscripten(createModule as unknown as EmscriptenFactory<Libavif>, libavifModule, "F"),
};

const BASE_BYTES = 17 * MIB;
const PIXEL_BYTES = 40;

export const libaomMemory = (width: number, height: number): number =>
  BASE_BYTES + width * height * PIXEL_BYTES;

/** Green, blue and red as they are. */
const AS_IT_IS: CodingColour = { primaries: 2, transfer: 2, matrix: 0, fullRange: true };

/** Null where the data are damaged. */
export async function startLibaom(workspace: Workspace, bytes: number) {
  const libavif = await workspace.take(LIBAVIF, bytes);
  libavif.limitBytes = bytes;
  let room: Uint8Array | null = null;
  return (
    { width, height, configuration }: Piece,
    data: Uint8Array,
    coding: CodingColour,
    bits: number,
  ): { planes: Planes; coding: CodingColour } | null => {
    const head = writeHeifHead({
      ...{ brands: ["avif", "mif1", "miaf"], width, height, coding, alpha: null },
      codec: { item: "av01", configuration: "av1C" },
      colour: {
        ...{ tileWidth: width, tileHeight: height, columns: 1, rows: 1, configuration },
        ...{ sizes: [data.length], depths: [bits, bits, bits] },
      },
      metadata: { icc: null, exif: null, xmp: null },
    });
    const picture = libavif.api.decode(concat([head, data]), 16);
    if (picture?.width !== width || picture.height !== height) return null;
    room ??= workspace.allocate(width * height * 3);
    return { planes: toPlanes(picture.data, width, height, room), coding: AS_IT_IS };
  };
}

/** RGBA of 16 bits to planes of 8: green, blue, red. */
function toPlanes(rgba: Uint16Array, width: number, height: number, heap: Uint8Array): Planes {
  const pixels = width * height;
  for (let i = 0, from = 0; i < pixels; i++, from += 4) {
    heap[i] = round8(rgba[from + 1] ?? 0);
    heap[pixels + i] = round8(rgba[from + 2] ?? 0);
    heap[2 * pixels + i] = round8(rgba[from] ?? 0);
  }
  return {
    ...{ heap, width, height, bits: 8, luma: { offset: 0, stride: width } },
    chroma: {
      cb: { offset: pixels, stride: width },
      cr: { offset: 2 * pixels, stride: width },
      ...{ halfColumns: false, halfRows: false },
    },
  };
}

const round8 = (value: number): number => Math.round(value / 257);
