/** Colours of RGB profiles to sRGB, for files that have no place for a profile. */
import { ENGINE, ENGINE_BASE_BYTES, PAGE_BYTES } from "../kernels/engine.ts";
import { LIGHT_ONE } from "../kernels/light.ts";
import {
  COLUMN_FRACTION,
  RGB_KERNEL_BYTES,
  startRgbToSrgb,
  type RgbTables,
  type RgbToSrgb,
} from "../kernels/rgb-to-srgb.ts";
import type { Workspace } from "../pipeline/memory.ts";
import { clamp, fromLinear, readCurve } from "./curves.ts";
import { parseIcc, readXyz, type IccProfile } from "./icc.ts";
import { readLut } from "./lut.ts";
import { pcsToSrgb, XYZ_TO_LINEAR } from "./pcs.ts";
import { COLORANTS, RGB_CURVES } from "./profile.ts";

export type { RgbToSrgb };

/** Upper bound of what `openRgbToSrgb` takes, in bytes. */
export function rgbToSrgbBytes(icc: Uint8Array | null): number {
  return icc ? ENGINE_BASE_BYTES + PAGE_BYTES + RGB_KERNEL_BYTES : 0;
}

/**
 * By the profile's curves and matrix, with a kernel, else by its table. Colours outside sRGB are
 * clipped.
 * @returns null where there is no profile, or it cannot be evaluated; whatever its bytes
 */
export async function openRgbToSrgb(
  icc: Uint8Array | null,
  workspace: Workspace,
): Promise<RgbToSrgb | null> {
  const profile = icc && parseIcc(icc);
  if (profile?.space !== "RGB ") return null;
  const tables = createTables(profile);
  if (!tables) return tableConverter(profile);
  return startRgbToSrgb(await workspace.take(ENGINE, RGB_KERNEL_BYTES), tables);
}

/** Beyond this, eight times full light, a column is cut off: three of them are below 2³¹. */
const LARGEST_COLUMN = 2 ** 29;

/** Null without three curves and three colorants. */
function createTables(profile: IccProfile): RgbTables | null {
  const columns = new Int32Array(3 * 256 * 4);
  for (let channel = 0; channel < 3; channel++) {
    const curve = readCurve(profile.tag(RGB_CURVES[channel] ?? ""))?.curve;
    const colorant = readXyz(profile.tag(COLORANTS[channel] ?? ""));
    if (!curve || !colorant) return null;
    const [x, y, z] = colorant;
    for (let value = 0; value < 256; value++) {
      const light = clamp(curve(value / 255)) * LIGHT_ONE * 2 ** COLUMN_FRACTION;
      for (let row = 0; row < 3; row++) {
        const [a = 0, b = 0, c = 0] = XYZ_TO_LINEAR.slice(row * 3, row * 3 + 3);
        const sum = (a * x + b * y + c * z) * light;
        columns[(channel * 256 + value) * 4 + row] = Math.round(
          Math.min(Math.max(sum, -LARGEST_COLUMN), LARGEST_COLUMN),
        );
      }
    }
  }
  return { columns, values: (srgbValues ??= createValues()) };
}

let srgbValues: Uint8Array | undefined;

function createValues(): Uint8Array {
  return Uint8Array.from({ length: LIGHT_ONE + 1 }, (_, light) =>
    Math.round(fromLinear(light / LIGHT_ONE) * 255),
  );
}

/** Rare, so each colour is evaluated as it comes; runs of one colour are evaluated once. */
function tableConverter(profile: IccProfile): RgbToSrgb | null {
  const lut = readLut(profile, "A2B0", 3) ?? readLut(profile, "A2B1", 3);
  if (!lut) return null;
  const device = new Float64Array(3);
  const colour = new Float64Array(3);
  return (rgb, pixels, channels) => {
    let last = -1;
    for (let i = 0, end = pixels * channels; i < end; i += channels) {
      const key =
        ((rgb[i] as number) << 16) | ((rgb[i + 1] as number) << 8) | (rgb[i + 2] as number);
      if (key !== last) {
        for (let c = 0; c < 3; c++) device[c] = (rgb[i + c] as number) / 255;
        lut(device, colour);
        pcsToSrgb(profile.pcs, colour);
        last = key;
      }
      for (let c = 0; c < 3; c++) rgb[i + c] = Math.round((colour[c] as number) * 255);
    }
  };
}
