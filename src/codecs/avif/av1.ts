/** AV1 pictures of AVIF files: of 8 bits by dav1d, of more by libaom. */
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { damaged } from "../isobmff/failures.ts";
import type { Piece } from "../isobmff/images.ts";
import type { DecodePiece, PieceDecoder, SampleLayout } from "../isobmff/tiles.ts";
import { DAV1D, DAV1D_BASE_BYTES } from "./dav1d.ts";
import { libaomMemory, startLibaom } from "./libaom.ts";
import { readSequenceHeaders } from "./sequence-header.ts";

/** AV1CodecConfigurationRecord: AV1 in ISOBMFF, section 2.3.3. */
function describe(configuration: Uint8Array): SampleLayout {
  const [marker = 0, , flags = 0] = configuration;
  if (marker !== 0x81) throw damaged("The AV1 picture's configuration is damaged.");
  const bits = (flags & 0x40) === 0 ? 8 : (flags & 0x20) === 0 ? 10 : 12;
  if ((flags & 0x10) !== 0) return { bits, chroma: 0 };
  const [halfColumns, halfRows] = [(flags & 8) !== 0, (flags & 4) !== 0];
  return { bits, chroma: halfRows ? 420 : halfColumns ? 422 : 444 };
}

/** Planes' samples a pixel. */
const SAMPLES: Readonly<Record<SampleLayout["chroma"], number>> = {
  0: 1,
  420: 1.5,
  422: 2,
  444: 3,
};

/** Measured: what dav1d keeps of a picture beside its planes, whose sides it rounds up to 128. */
const STATE_PIXEL_BYTES = 0.35;
const FREE_BYTES = 15.5 * MIB;

/** Planes lie in what the memory has to begin with, as far as they fit. */
function memory(width: number, height: number, { bits, chroma }: SampleLayout): number {
  if (bits > 8) return libaomMemory(width, height) + width * height * 3;
  const pixels = Math.ceil(width / 128) * Math.ceil(height / 128) * 128 * 128;
  const planes = pixels * SAMPLES[chroma];
  const need = planes + pixels * STATE_PIXEL_BYTES + 4 * MIB;
  return Math.ceil(DAV1D_BASE_BYTES + Math.max(0, need - FREE_BYTES));
}

async function start(workspace: Workspace, bytes: number): Promise<DecodePiece> {
  const small = onceAsked(() => workspace.take(DAV1D, bytes));
  const deep = onceAsked(() => startLibaom(workspace, bytes));
  return async (piece, data, declared) => {
    const { width, height } = piece;
    const samples = describe(piece.configuration);
    const header = checkHeaders(data, piece, samples);
    const coding = declared ?? header.coding;
    if (samples.bits > 8) {
      const decoded = (await deep())(piece, data, coding, samples.bits);
      if (!decoded) throw damaged("The AV1 data are damaged.");
      return decoded;
    }
    const planes = (await small()).decode(data, { width, height, samples }, bytes);
    if (!planes) throw damaged("The AV1 data are damaged.");
    return { planes, coding };
  };
}

/** Colour and alpha may differ in depth, and so need both. */
function onceAsked<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** The data must not be of a larger picture than memory was planned for. */
function checkHeaders(data: Uint8Array, { width, height }: Piece, samples: SampleLayout) {
  const headers = readSequenceHeaders(data);
  for (const header of headers) {
    const { bits, chroma } = header.samples;
    const agrees = bits === samples.bits && chroma === samples.chroma;
    if (!agrees || header.width !== width || header.height !== height) {
      throw damaged("The AV1 data are of another picture than the file says.");
    }
  }
  const [first] = headers;
  if (!first) throw damaged("The AV1 data lack their header.");
  return first;
}

export const AV1: PieceDecoder = { describe, memory, start };
