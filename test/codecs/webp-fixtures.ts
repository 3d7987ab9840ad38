/** WebP files for the tests, made by libwebp with the settings that sharp does not offer. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { defaultOptions, type EncodeOptions } from "@jsquash/webp/meta.js";
import createLibwebp from "@jsquash/webp/codec/enc/webp_enc.js";
import type { Pixels } from "../support/lab-client.ts";
import { createRandom } from "../support/random.ts";

export type LibwebpOptions = Partial<EncodeOptions>;

/** libwebp's encoder. The pictures are opaque if they have three channels. */
export async function startLibwebp() {
  const path = createRequire(import.meta.url).resolve("@jsquash/webp/codec/enc/webp_enc.wasm");
  const codec = await createLibwebp({
    noInitialRun: true,
    wasmBinary: readFileSync(path),
  } as Parameters<typeof createLibwebp>[0]);
  return ({ data, width, height, channels }: Pixels, options: LibwebpOptions): Uint8Array => {
    const rgba = new Uint8Array(width * height * 4).fill(255);
    for (let i = 0; i < width * height; i++) {
      rgba.set(data.subarray(i * channels, (i + 1) * channels), i * 4);
    }
    const file = codec.encode(rgba, width, height, { ...defaultOptions, ...options });
    if (!file) throw new Error("libwebp failed");
    return file.slice();
  };
}

/** A picture of few colours, as a palette holds them, in runs and repeated patterns. */
export function drawFew(width: number, height: number, colours = 12): Pixels {
  const random = createRandom(colours);
  const data = new Uint8Array(width * height * 3);
  for (let i = 0, x = 0; i < data.length; i += 3, x++) {
    const index = random(9) === 0 ? random(colours) : ((x % width) >> 2) % colours;
    data.set([index * 37, 255 - index * 11, (index * index) & 255], i);
  }
  return { width, height, channels: 3, data };
}

/** With alpha that fades, with a hole and some grain. */
export function withAlpha({ width, height, data }: Pixels): Pixels {
  const random = createRandom(3);
  const rgba = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const x = i % width;
    const y = Math.floor(i / width);
    const fade = (255 * (x + y)) / (width + height);
    const alpha = Math.hypot(x - width / 2, y - height / 2) < width / 6 ? 0 : fade;
    rgba.set(data.subarray(i * 3, i * 3 + 3), i * 4);
    rgba[i * 4 + 3] = random(7) === 0 ? random(256) : alpha;
  }
  return { width, height, channels: 4, data: rgba };
}

/** Settings that change a lossy file's structure, drawn at random. */
export function drawOptions(pick: (below: number) => number): LibwebpOptions {
  return {
    quality: pick(101),
    method: pick(7),
    segments: 1 + pick(4),
    partitions: pick(4),
    filter_type: pick(2),
    filter_strength: pick(3) * 50,
    filter_sharpness: pick(8),
    autofilter: pick(2),
    sns_strength: pick(101),
    pass: 1 + pick(2),
  };
}
