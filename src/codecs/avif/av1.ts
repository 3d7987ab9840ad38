/** AV1 pictures of AVIF files: of 8 bits by dav1d, of more by libaom, which reads no sequences. */
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { damaged } from "../isobmff/failures.ts";
import type { Piece } from "../isobmff/images.ts";
import type { CodingColour } from "../isobmff/properties.ts";
import type { DecodePiece, PieceDecoder, SampleLayout, SequenceDecoder } from "../isobmff/tiles.ts";
import { DAV1D, DAV1D_BASE_BYTES, DAV1D_OF_ALPHA } from "./dav1d.ts";
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

function memory(width: number, height: number, samples: SampleLayout): number {
  if (samples.bits > 8) return libaomMemory(width, height) + width * height * 3;
  return dav1dMemory(width, height, SAMPLES[samples.chroma] + STATE_PIXEL_BYTES);
}

/** Planes lie in what the memory has to begin with, as far as they fit. */
function dav1dMemory(width: number, height: number, pixelBytes: number): number {
  const pixels = Math.ceil(width / 128) * Math.ceil(height / 128) * 128 * 128;
  const need = pixels * pixelBytes + 5 * MIB;
  return Math.ceil(DAV1D_BASE_BYTES + Math.max(0, need - FREE_BYTES));
}

async function start(workspace: Workspace, bytes: number): Promise<DecodePiece> {
  const small = onceAsked(() => workspace.take(DAV1D, bytes));
  const deep = onceAsked(() => startLibaom(workspace, bytes));
  return async (piece, data, declared) => {
    const { width, height } = piece;
    const samples = describe(piece.configuration);
    const header = checkHeaders(data, piece, samples);
    if (!header) throw damaged("The AV1 data lack their header.");
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

/** Eight that a picture may build on, itself, the one before it, and how it looks with its grain. */
const SEQUENCE_PICTURES = 11;
/** Measured: what it keeps of all these beside their planes. */
const SEQUENCE_STATE_PIXEL_BYTES = 5;

const SEQUENCES: SequenceDecoder = {
  memory: (width, height, { bits, chroma }) =>
    bits === 8
      ? dav1dMemory(width, height, SEQUENCE_PICTURES * SAMPLES[chroma] + SEQUENCE_STATE_PIXEL_BYTES)
      : null,

  async start(workspace, bytes, mostBytes, role) {
    const dav1d = await workspace.take(role === "alpha" ? DAV1D_OF_ALPHA : DAV1D, bytes);
    dav1d.begin(mostBytes, bytes);
    let coding: CodingColour | null = null;
    return (piece, data, declared) => {
      const { width, height } = piece;
      const samples = describe(piece.configuration);
      // Only those that can be begun with have a header.
      coding = checkHeaders(data, piece, samples)?.coding ?? coding;
      const planes = coding && dav1d.decodeNext(data, { width, height, samples });
      if (!coding || !planes) throw damaged("The AV1 data are damaged.");
      return Promise.resolve({ planes, coding: declared ?? coding });
    };
  },
};

/**
 * The data must not be of a larger picture than memory was planned for.
 * @returns the first header; undefined where there is none
 */
function checkHeaders(data: Uint8Array, { width, height }: Piece, samples: SampleLayout) {
  const headers = readSequenceHeaders(data);
  for (const header of headers) {
    const { bits, chroma } = header.samples;
    const agrees = bits === samples.bits && chroma === samples.chroma;
    if (!agrees || header.width !== width || header.height !== height) {
      throw damaged("The AV1 data are of another picture than the file says.");
    }
  }
  return headers[0];
}

export const AV1: PieceDecoder = { describe, memory, start, sequences: SEQUENCES };
