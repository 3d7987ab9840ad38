/** The pictures that the engine's cases start from, each made when a case first asks for it. */
import sharp from "sharp";
import type { Resampling } from "../../src/kernels/resampler.ts";
import type { Bench } from "./client.ts";
import { RESAMPLED_WIDTH, type Case, type InputName } from "./engine-cases.ts";
import { enlargePhoto, loadPhoto } from "./pictures.ts";
import { readLuma, type Plane } from "./quality.ts";
import { decodeSharp, type RawInfo } from "./sharp.ts";

export async function createInputs() {
  const { jpeg, from } = await loadPhoto();
  const { width, height } = await sharp(jpeg).metadata();
  const photo: RawInfo = { width, height, channels: 3 };
  const made = new Map<InputName, Promise<Buffer>>();
  const loaded = new Set<InputName>();
  let luma: Promise<Plane> | undefined;

  const file = () => sharp(jpeg).keepIccProfile();
  const makers: Record<InputName, () => Promise<Buffer>> = {
    jpeg: () => Promise.resolve(jpeg),
    progressive: () => file().jpeg({ quality: 90, progressive: true }).toBuffer(),
    png: () => file().png({ compressionLevel: 6 }).toBuffer(),
    webp: () => file().webp({ quality: 80 }).toBuffer(),
    rgb: () => decodeSharp(jpeg),
    rgba: () => sharp(jpeg, { ignoreIcc: true }).ensureAlpha().raw().toBuffer(),
    jpeg64: () => enlargePhoto(jpeg),
  };

  async function get(name: InputName): Promise<Buffer> {
    const bytes = made.get(name) ?? makers[name]();
    made.set(name, bytes);
    return await bytes;
  }

  return {
    from,
    photo,
    get,
    /** The photo's. */
    luma: (): Promise<Plane> => (luma ??= readLuma(jpeg)),
    async load(bench: Bench, name: InputName): Promise<void> {
      if (!loaded.has(name)) await bench.load(name, await get(name));
      loaded.add(name);
    },
    /** The options as the case's runner wants them. */
    describe({ runner, options }: Case): object {
      if (runner === "encode") return { ...options, picture: { ...photo, icc: null } };
      if (runner === "resample") return describeResampling(photo);
      return options;
    },
    /** @jsquash takes pixels with alpha. */
    ofJsquash(each: Case): { input: InputName; options: object } {
      return { input: each.input === "rgb" ? "rgba" : each.input, options: this.describe(each) };
    },
  };
}

export type Inputs = Awaited<ReturnType<typeof createInputs>>;

function describeResampling({ width, height, channels }: RawInfo): Resampling {
  const full = { width: RESAMPLED_WIDTH, height: Math.round((height * RESAMPLED_WIDTH) / width) };
  return {
    channels,
    filter: "lanczos3",
    input: { width, height },
    full,
    window: { x: 0, y: 0, ...full },
  };
}
