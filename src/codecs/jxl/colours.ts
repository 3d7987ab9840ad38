/** What the pixels of a JPEG XL file are delivered in. */
import { MAX_METADATA_BYTES } from "../../limits.ts";
import type { MemoryGate } from "../../pipeline/memory.ts";
import type { Warning } from "../../pipeline/picture.ts";
import { codedProfile } from "../isobmff/coded-profile.ts";
import type { JxlFile } from "./container.ts";
import { feedWhile, inOxide } from "./decode.ts";
import { truncated } from "./failures.ts";
import type { JxlHeader } from "./header.ts";
import { OXIDE_BASE_BYTES } from "./oxide.ts";

export interface Colours {
  icc: Uint8Array | null;
  /** Whether the decoder is to make sRGB of what it could make anything of. */
  forcesSrgb: boolean;
  warnings: readonly Warning[];
}

const [BT2100, P3, D65] = [9, 11, 1];
/** As codedProfile numbers them. */
const PRIMARIES: Readonly<Record<number, number>> = { [P3]: 12, [BT2100]: 9 };
const [SRGB_CURVE, PQ, HLG] = [13, 16, 18];

const TO_SRGB: Colours = { icc: null, forcesSrgb: true, warnings: [] };

/** @throws AppError invalid_image, truncated_image */
export async function readColours(
  file: JxlFile,
  { colour, isXyb, isGray }: JxlHeader,
  gate: MemoryGate,
): Promise<Colours> {
  // From a space of its own, the decoder makes sRGB where a profile is more than a few numbers.
  if (colour === null) {
    if (isXyb) return TO_SRGB;
    return { icc: await readProfile(file, gate), forcesSrgb: false, warnings: [] };
  }
  const isWide = colour.primaries in PRIMARIES && colour.whitePoint === D65;
  if (isXyb && !(isWide && colour.transfer === SRGB_CURVE)) return TO_SRGB;
  const primaries = isGray ? 1 : (PRIMARIES[colour.primaries] ?? 1);
  const transfer = colour.transfer === PQ || colour.transfer === HLG ? colour.transfer : SRGB_CURVE;
  const coding = { primaries, transfer, matrix: 0, fullRange: true };
  return { ...codedProfile(coding), forcesSrgb: false };
}

/** The profile, which only the decoder can unpack; it then lies in its memory. */
async function readProfile(file: JxlFile, gate: MemoryGate): Promise<Uint8Array | null> {
  const mostBytes = Math.min(file.codestreamBytes, MAX_METADATA_BYTES);
  return await inOxide(gate, OXIDE_BASE_BYTES + mostBytes * 4, async (oxide) => {
    oxide.begin(false);
    await feedWhile(oxide, file, (fed) => !oxide.hasBegun && fed <= MAX_METADATA_BYTES);
    if (!oxide.hasBegun) throw truncated();
    return findProfile(oxide.heap);
  });
}

const SIGNATURE = [0x61, 0x63, 0x73, 0x70]; // "acsp"
const SIGNATURE_AT = 36;
const MIN_BYTES = 132;

/** The last block of memory that is a profile. */
function findProfile(heap: Uint8Array): Uint8Array | null {
  const view = new DataView(heap.buffer, heap.byteOffset, heap.length);
  const [first = 0] = SIGNATURE;
  let found: Uint8Array | null = null;
  for (let at = heap.indexOf(first); at >= 0; at = heap.indexOf(first, at + 1)) {
    if (SIGNATURE.some((byte, i) => heap[at + i] !== byte)) continue;
    const start = at - SIGNATURE_AT;
    const bytes = start >= 0 ? view.getUint32(start) : 0;
    const fits = bytes >= MIN_BYTES && bytes <= MAX_METADATA_BYTES && start + bytes <= heap.length;
    if (fits) found = heap.slice(start, start + bytes);
  }
  return found;
}
