/** What an AV1 bitstream says of its pictures. Syntax: AV1 specification, sections 5.3 to 5.5. */
import { damaged } from "../isobmff/failures.ts";
import type { CodingColour } from "../isobmff/properties.ts";
import type { SampleLayout } from "../isobmff/tiles.ts";
import { createBitReader, type BitReader } from "./bits.ts";

export interface SequenceHeader {
  /** Most that a picture may have. */
  width: number;
  height: number;
  samples: SampleLayout;
  coding: CodingColour;
}

const SEQUENCE_HEADER = 1;
const MAX_OBUS = 4096;
const MAX_LEB_BYTES = 8;

/** All sequence headers of the data. @throws AppError invalid_image */
export function readSequenceHeaders(data: Uint8Array): SequenceHeader[] {
  const headers: SequenceHeader[] = [];
  let offset = 0;
  for (let count = 0; offset < data.length && count < MAX_OBUS; count++) {
    const head = data[offset] ?? 0;
    offset += (head & 4) !== 0 ? 2 : 1;
    let size = data.length - offset;
    if ((head & 2) !== 0) {
      const length = readLeb(data, offset);
      size = length.value;
      offset += length.bytes;
    }
    if (offset + size > data.length) throw damaged("The AV1 data are damaged.");
    if (((head >> 3) & 15) === SEQUENCE_HEADER) {
      headers.push(parseSequenceHeader(data.subarray(offset, offset + size)));
    }
    offset += size;
  }
  return headers;
}

/** Seven bits a byte, the lowest first. */
function readLeb(data: Uint8Array, offset: number): { value: number; bytes: number } {
  let value = 0;
  for (let i = 0; i < MAX_LEB_BYTES; i++) {
    const byte = data[offset + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, bytes: i + 1 };
  }
  throw damaged("The AV1 data are damaged.");
}

function parseSequenceHeader(payload: Uint8Array): SequenceHeader {
  const reader = createBitReader(payload);
  const { bits, flag } = reader;
  const profile = bits(3);
  bits(1); // still picture
  const reduced = flag();
  if (reduced) bits(5);
  else skipOperatingPoints(reader);
  const widthBits = bits(4) + 1;
  const heightBits = bits(4) + 1;
  const width = bits(widthBits) + 1;
  const height = bits(heightBits) + 1;
  if (!reduced && flag()) bits(7); // numbers of frames
  bits(3); // superblocks, intra tools
  if (!reduced) skipInterTools(reader);
  bits(3); // superresolution, filters
  return { width, height, ...parseColour(reader, profile) };
}

function skipOperatingPoints({ bits, bit, flag }: BitReader): void {
  let delayBits = 0;
  if (flag()) {
    bits(64);
    if (flag()) {
      let zeros = 0;
      while (zeros < 32 && bit() === 0) zeros++;
      bits(zeros);
    }
    if (flag()) {
      delayBits = bits(5) + 1;
      bits(42);
    }
  }
  const displayDelay = flag();
  const points = bits(5) + 1;
  for (let i = 0; i < points; i++) {
    bits(12);
    if (bits(5) > 7) bits(1);
    if (delayBits > 0 && flag()) bits(2 * delayBits + 1);
    if (displayDelay && flag()) bits(4);
  }
}

function skipInterTools({ bits, flag }: BitReader): void {
  bits(4);
  const orderHint = flag();
  if (orderHint) bits(2);
  const screenContent = flag() || flag();
  if (screenContent && !flag()) bits(1);
  if (orderHint) bits(3);
}

/** Colours that are not said are BT.601's or BT.709's; pictures mean the former. */
function parseColour({ bits, flag }: BitReader, profile: number) {
  const high = flag();
  const depth = profile === 2 && high ? (flag() ? 12 : 10) : high ? 10 : 8;
  const mono = profile !== 1 && flag();
  const [primaries, transfer, matrix] = flag() ? [bits(8), bits(8), bits(8)] : [2, 2, 2];
  const isSrgb = primaries === 1 && transfer === 13 && matrix === 0;
  const fullRange = (!mono && isSrgb) || flag();
  const samples: SampleLayout = { bits: depth, chroma: 420 };
  if (mono) samples.chroma = 0;
  else if (isSrgb || profile === 1) samples.chroma = 444;
  else if (profile === 2) samples.chroma = depth < 12 ? 422 : !flag() ? 444 : flag() ? 420 : 422;
  const coding: CodingColour = { primaries, transfer, matrix, fullRange };
  return { samples, coding };
}
