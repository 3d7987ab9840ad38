/** Sequences made of still AVIFs or HEICs, whose coded pictures become samples of tracks. */
import { readCoded } from "../../src/codecs/isobmff/single.ts";

export interface AnimatedStill {
  /** Of one picture that is no grid. */
  file: Uint8Array;
  durationMs: number;
}

/** What files of each codec are called, and their samples. */
const KINDS = {
  avif: { brands: "avismiaf", entry: "av01", configuration: "av1C" },
  heic: { brands: "hevcmsf1", entry: "hvc1", configuration: "hvcC" },
} as const;

export interface SequenceSpec {
  kind: keyof typeof KINDS;
  width: number;
  height: number;
  stills: readonly AnimatedStill[];
  /** Whether their opacity gets a track of its own. */
  alpha?: boolean;
  /** 0 is for ever, null says nothing of it. */
  plays?: number | null;
  /** The file's picture, for those who see no sequences. */
  cover?: Uint8Array;
  /** Samples in each chunk but the last; without it all are in one. */
  chunk?: number;
  /** Offsets of 64 bits. */
  wide?: boolean;
  /** a, b, c and d of the track header's matrix. */
  matrix?: readonly [a: number, b: number, c: number, d: number];
  /** Boxes more in the entry that describes the samples. */
  properties?: readonly Uint8Array[];
}

const TIMESCALE = 1000;

const text = (value: string): Uint8Array => Buffer.from(value, "latin1");
const u16 = (...values: number[]): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => [(value >> 8) & 255, value & 255]));
const u32 = (...values: number[]): Uint8Array =>
  u16(...values.flatMap((value) => [value >>> 16, value & 0xffff]));

export function box(type: string, ...parts: Uint8Array[]): Uint8Array {
  const payload = Buffer.concat(parts);
  return Buffer.concat([u32(8 + payload.length), text(type), payload]);
}

interface Track {
  id: number;
  which: "primary" | "alpha";
  /** Of its chunks. */
  offsets: number[];
}

export function animateHeif(spec: SequenceSpec): Buffer {
  const { cover, stills, alpha = false } = spec;
  const { brands } = KINDS[spec.kind];
  const major = brands.slice(0, 4);
  const front = cover ? withBrand(cover, major) : box("ftyp", text(major), u32(0), text(brands));
  const tracks: Track[] = [{ id: 1, which: "primary", offsets: [] }];
  if (alpha) tracks.push({ id: 2, which: "alpha", offsets: [] });
  const chunk = spec.chunk ?? stills.length;
  const draft = writeMovie(spec, tracks, chunk);
  // Chunks of both tracks take turns, as they do in files of others.
  const parts: Uint8Array[] = [];
  let end = front.length + draft.length + 8;
  for (let first = 0; first < stills.length; first += chunk) {
    for (const { which, offsets } of tracks) {
      offsets.push(end);
      for (const { file } of stills.slice(first, first + chunk)) {
        const { data } = readCoded(Buffer.from(file), which);
        parts.push(data);
        end += data.length;
      }
    }
  }
  return Buffer.concat([front, writeMovie(spec, tracks, chunk), box("mdat", ...parts)]);
}

/** The file says that it is of a sequence, too. */
function withBrand(file: Uint8Array, brand: string): Uint8Array {
  const branded = Buffer.from(file);
  branded.write(brand, 8, "latin1");
  return branded;
}

function writeMovie(spec: SequenceSpec, tracks: readonly Track[], chunk: number): Uint8Array {
  const movieHeader = box("mvhd", u32(0, 0, 0, TIMESCALE, totalMs(spec)), new Uint8Array(80));
  return box("moov", movieHeader, ...tracks.map((track) => writeTrack(spec, track, chunk)));
}

const totalMs = ({ stills }: SequenceSpec): number =>
  stills.reduce((sum, { durationMs }) => sum + durationMs, 0);

const ALL_ONES = 0xffff_ffff;

function writeTrack(spec: SequenceSpec, track: Track, chunk: number): Uint8Array {
  const { width, height, plays = 0, matrix = [1, 0, 0, 1] } = spec;
  const [a, b, c, d] = matrix.map((value) => value * 65_536) as [number, number, number, number];
  const durationMs = totalMs(spec);
  const length = plays ? durationMs * plays : ALL_ONES;
  const header = box(
    "tkhd",
    u32(1, 0, 0, track.id, 0, length, 0, 0, 0, 0),
    u32(a, b, 0, c, d, 0, 0, 0, 0x4000_0000),
    u32(width << 16, height << 16),
  );
  const edit = box("elst", u32(plays === 1 ? 0 : 1, 1, durationMs, 0), u16(1, 0));
  const handler = track.which === "primary" ? "pict" : "auxv";
  return box(
    "trak",
    header,
    ...(track.which === "alpha" ? [box("tref", box("auxl", u32(1)))] : []),
    ...(plays === null ? [] : [box("edts", edit)]),
    box(
      "mdia",
      box("mdhd", u32(0, 0, 0, TIMESCALE, durationMs, 0)),
      box("hdlr", u32(0, 0), text(handler), new Uint8Array(13)),
      box("minf", box("stbl", ...writeTables(spec, track, chunk))),
    ),
  );
}

function writeTables(spec: SequenceSpec, track: Track, chunk: number): Uint8Array[] {
  const { stills, wide = false } = spec;
  const samples = stills.map(({ file }) => readCoded(Buffer.from(file), track.which));
  const last = stills.length % chunk;
  const full = Math.floor(stills.length / chunk);
  const runs = [...(full > 0 ? [[1, chunk, 1]] : []), ...(last > 0 ? [[full + 1, last, 1]] : [])];
  const chunks = full + (last > 0 ? 1 : 0);
  const offsets = Array.from({ length: chunks }, (_, i) => track.offsets[i] ?? 0);
  return [
    box("stsd", u32(0, 1), writeSampleEntry(spec, track, samples[0]?.configuration)),
    box("stts", u32(0, stills.length, ...stills.flatMap(({ durationMs }) => [1, durationMs]))),
    box("stsc", u32(0, runs.length, ...runs.flat())),
    box("stsz", u32(0, 0, samples.length, ...samples.map(({ data }) => data.length))),
    wide
      ? box("co64", u32(0, chunks, ...offsets.flatMap((offset) => [0, offset])))
      : box("stco", u32(0, chunks, ...offsets)),
  ];
}

const ALPHA = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0";
/** BT.709's primaries, sRGB's curve, BT.601's matrix, full range, as sharp's encoder has it. */
const COLOUR = Uint8Array.from([...text("nclx"), ...u16(1, 13, 6), 0x80]);

function writeSampleEntry(
  { kind, width, height, properties = [] }: SequenceSpec,
  { which }: Track,
  configuration: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return box(
    KINDS[kind].entry,
    new Uint8Array(24),
    u16(width, height),
    new Uint8Array(50),
    box(KINDS[kind].configuration, configuration),
    ...(which === "primary" ? [box("colr", COLOUR), ...properties] : []),
    ...(which === "alpha" ? [box("auxi", u32(0), text(ALPHA))] : []),
  );
}
