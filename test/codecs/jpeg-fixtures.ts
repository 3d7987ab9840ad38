/** Pictures and JPEG files for the tests, drawn here or made by encoders that are not ours. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import createMozjpeg from "@jsquash/jpeg/codec/enc/mozjpeg_enc.js";
import sharp, { type Sharp } from "sharp";
import type { Pixels } from "../support/lab-client.ts";

/** A small reproducible random generator (mulberry32): 0 up to 1. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Like a photo: gradients, waves, hard edges, some grain. */
export function drawPhoto(width: number, height: number, channels: 1 | 3 = 3): Pixels {
  const random = createRandom(width * 31 + height);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const wave = 40 * Math.sin(x / 9 + Math.cos(y / 17) * 3);
      const edge = ((x >> 6) + (y >> 5)) % 3 === 0 ? 45 : 0;
      const grain = 14 * (random() - 0.5);
      const light = 90 + wave + edge + grain;
      const pixel = [light + 40 * Math.sin(y / 40), light, light + 50 * Math.cos(x / 60)];
      for (let c = 0; c < channels; c++) data[i++] = Math.min(255, Math.max(0, pixel[c] ?? 0));
    }
  }
  return { width, height, channels, data };
}

export function drawNoise(width: number, height: number, channels: 1 | 3 = 3): Pixels {
  const words = new Uint32Array(Math.ceil((width * height * channels) / 4));
  let state = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  const data = new Uint8Array(words.buffer, 0, width * height * channels);
  return { width, height, channels, data };
}

export function toSharp({ data, width, height, channels }: Pixels): Sharp {
  const image = sharp(data, { raw: { width, height, channels } });
  return channels === 1 ? image.toColourspace("b-w") : image;
}

/** Pixels as sharp decodes them, with as many channels as the file has. */
export async function judge(file: Uint8Array): Promise<Pixels> {
  const { channels } = await sharp(file).metadata();
  const whole = sharp(file, { failOn: "warning" });
  const image = channels === 1 ? whole.toColourspace("b-w") : whole;
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels as 1 | 3 };
}

/** The Workers' types know no Module made from bytes; Node makes them. */
const compileWasm = (bytes: Uint8Array): WebAssembly.Module =>
  new (WebAssembly.Module as unknown as new (bytes: Uint8Array) => WebAssembly.Module)(bytes);

/** 4:2:2, which sharp cannot write: mozjpeg chooses it by itself from quality 80 to 89. */
export async function writeJpeg422(
  { data, width, height }: Pixels,
  progressive = false,
): Promise<Uint8Array> {
  const path = createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm");
  const module = compileWasm(readFileSync(path));
  const codec = await createMozjpeg({
    noInitialRun: true,
    locateFile: (file: string) => file,
    instantiateWasm(imports: WebAssembly.Imports, done: (x: WebAssembly.Instance) => void) {
      const instance = new WebAssembly.Instance(module, imports);
      done(instance);
      return instance.exports;
    },
  } as Parameters<typeof createMozjpeg>[0]);
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) rgba.set(data.subarray(i * 3, i * 3 + 3), i * 4);
  return codec.encode(rgba, width, height, {
    ...{ quality: 85, baseline: !progressive, arithmetic: false, progressive },
    ...{ optimize_coding: true, smoothing: 0, color_space: 3, quant_table: 0 },
    ...{ trellis_multipass: false, trellis_opt_zero: false, trellis_opt_table: false },
    ...{ trellis_loops: 1, auto_subsample: true, chroma_subsample: 2 },
    ...{ separate_chroma_quality: false, chroma_quality: 85 },
  });
}

/** T.81's standard codes for luma DC sizes 0 to 8, and for the end of block. */
const DC_CODES = ["00", "010", "011", "100", "101", "110", "1110", "11110", "111110"];
const END_OF_BLOCK = "1010";

/**
 * A gray picture of flat 8 x 8 blocks with a restart marker after every `interval` of them; the
 * segments can be changed before they are joined.
 */
export function writeRestarts(
  blocksWide: number,
  blocksHigh: number,
  interval: number,
  change: (segments: number[][]) => void = () => undefined,
): Uint8Array {
  const random = createRandom(interval);
  const segments: number[][] = [];
  for (let block = 0; block < blocksWide * blocksHigh; block += interval) {
    let bits = "";
    let previous = 0;
    for (let i = block; i < Math.min(block + interval, blocksWide * blocksHigh); i++) {
      const value = Math.round(200 * random()) - 100;
      const difference = value - previous;
      previous = value;
      const size = 32 - Math.clz32(Math.abs(difference));
      const low = difference < 0 ? difference + (1 << size) - 1 : difference;
      bits += DC_CODES[size] + (size ? low.toString(2).padStart(size, "0") : "") + END_OF_BLOCK;
    }
    bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
    const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2));
    segments.push(bytes.flatMap((byte) => (byte === 0xff ? [byte, 0] : [byte])));
  }
  change(segments);
  const width = blocksWide * 8;
  const height = blocksHigh * 8;
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  const dcCounts = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
  const dc = [0x00, ...dcCounts, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
  // Four codes of four bits, so that the third is the end of block's.
  const ac = [0x10, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const acSymbols = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0];
  return Uint8Array.from([
    ...[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, ...Array.from({ length: 64 }, () => 8)],
    ...[0xff, 0xc0, 0, 11, 8, ...size, 1, 1, 0x11, 0],
    ...[0xff, 0xc4, 0, 2 + dc.length + ac.length + acSymbols.length, ...dc, ...ac, ...acSymbols],
    ...[0xff, 0xdd, 0, 4, interval >> 8, interval & 255],
    ...[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0],
    ...segments.flatMap((bytes, i) => (i === 0 ? bytes : [0xff, 0xd0 + ((i - 1) % 8), ...bytes])),
    ...[0xff, 0xd9],
  ]);
}
