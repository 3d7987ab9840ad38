/** Colours that a file describes by numbers (nclx), as a profile that other formats can carry. */
import type { Warning } from "../../pipeline/picture.ts";
import { concat } from "../concat.ts";
import type { CodingColour } from "./properties.ts";

export interface CodedProfile {
  /** Null is sRGB, or what a profile cannot say. */
  icc: Uint8Array | null;
  warnings: Warning[];
}

type Xyz = readonly [x: number, y: number, z: number];

interface Primaries {
  name: string;
  /** Red, green and blue, adapted to D50 as profiles have them. */
  colorants: readonly [Xyz, Xyz, Xyz];
}

/** By ISO/IEC 23091-2's number. BT.709's are sRGB's, and 2 says nothing. */
const PRIMARIES: Readonly<Record<number, Primaries>> = {
  9: {
    name: "BT.2020",
    colorants: [
      [0.67348, 0.27904, -0.00194],
      [0.16567, 0.67534, 0.02998],
      [0.12505, 0.04561, 0.79686],
    ],
  },
  12: {
    name: "Display P3",
    colorants: [
      [0.51512, 0.2412, -0.00105],
      [0.29198, 0.69225, 0.04189],
      [0.1571, 0.06657, 0.78407],
    ],
  },
};

const D50: Xyz = [0.9642, 1, 0.8249];
const PQ = 16;
const HLG = 18;

const HIGH_DYNAMIC_RANGE: Warning = {
  code: "high_dynamic_range",
  message:
    "The picture is coded for high dynamic range; its values are kept, so it looks flat on other screens.",
};

/** Curves that are not PQ or HLG are taken for sRGB's, as browsers do. */
export function codedProfile(coding: CodingColour | null): CodedProfile {
  if (coding?.transfer === PQ || coding?.transfer === HLG) {
    return { icc: null, warnings: [HIGH_DYNAMIC_RANGE] };
  }
  const primaries = PRIMARIES[coding?.primaries ?? 0];
  return { icc: primaries ? writeProfile(primaries) : null, warnings: [] };
}

/** sRGB's curve, ICC.1:2022, section 10.18, function type 3: g, a, b, c and d. */
const SRGB_CURVE = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045] as const;
const HEADER_BYTES = 128;
const VERSION = 0x0430_0000;

/** A display's profile of three colorants and one curve. Layout: ICC.1:2022, section 7. */
function writeProfile({ name, colorants }: Primaries): Uint8Array {
  const curve = tag("para", [3 << 16, ...SRGB_CURVE.map(fixed)]);
  const [red, green, blue] = colorants.map((xyz) => tag("XYZ ", xyz.map(fixed)));
  const tags: [name: string, data: Uint8Array | undefined][] = [
    ["desc", text(name)],
    ["cprt", text("CC0")],
    ["wtpt", tag("XYZ ", D50.map(fixed))],
    ["rXYZ", red],
    ["gXYZ", green],
    ["bXYZ", blue],
    ["rTRC", curve],
    ["gTRC", curve],
    ["bTRC", curve],
  ];
  const table = new Uint8Array(4 + tags.length * 12);
  const entries = new DataView(table.buffer);
  entries.setUint32(0, tags.length);
  const parts: Uint8Array[] = [];
  let offset = HEADER_BYTES + table.length;
  for (const [index, [signature, data]] of tags.entries()) {
    const part = data ?? new Uint8Array(0);
    sign(table, 4 + index * 12, signature);
    entries.setUint32(8 + index * 12, offset);
    entries.setUint32(12 + index * 12, part.length);
    parts.push(part);
    offset += part.length;
  }
  return concat([writeHeader(offset), table, ...parts]);
}

function writeHeader(bytes: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, bytes);
  view.setUint32(8, VERSION);
  sign(header, 12, "mntr");
  sign(header, 16, "RGB ");
  sign(header, 20, "XYZ ");
  // A date is asked for; the standard's will do.
  for (const [i, value] of [2022, 5, 1].entries()) view.setUint16(24 + i * 2, value);
  sign(header, 36, "acsp");
  for (const [i, value] of D50.entries()) view.setInt32(68 + i * 4, fixed(value));
  return header;
}

/** s15Fixed16Number. */
const fixed = (value: number): number => Math.round(value * 65_536);

function sign(bytes: Uint8Array, offset: number, signature: string): void {
  for (let i = 0; i < 4; i++) bytes[offset + i] = signature.charCodeAt(i);
}

function tag(type: string, words: readonly number[]): Uint8Array {
  const data = new Uint8Array(8 + words.length * 4);
  sign(data, 0, type);
  const view = new DataView(data.buffer);
  for (const [i, word] of words.entries()) view.setInt32(8 + i * 4, word);
  return data;
}

/** One text in English, padded to whole words. */
function text(value: string): Uint8Array {
  const bytes = value.length * 2;
  const data = new Uint8Array(28 + Math.ceil(bytes / 4) * 4);
  const view = new DataView(data.buffer);
  sign(data, 0, "mluc");
  for (const [i, word] of [1, 12, 0x656e_5553, bytes, 28].entries())
    view.setUint32(8 + i * 4, word);
  for (let i = 0; i < value.length; i++) view.setUint16(28 + i * 2, value.charCodeAt(i));
  return data;
}
