/** A scene as a sensor sees it, and DNGs of it. */
import {
  COLOR_MATRIX,
  COLOURS,
  NEUTRAL,
  writeDng,
  type DngSpec,
  type Pattern,
} from "./dng-writer.ts";

export const SCENE_SIZE = { width: 150, height: 101 };
export const LEVELS = { black: 1000, white: 60_000 };

/** The scene as a DNG of 16 bits, but for what is told otherwise. */
export function drawDng(spec: Partial<DngSpec> = {}): Buffer {
  const bits = spec.bits ?? 16;
  const shift = 16 - bits;
  const levels = { black: LEVELS.black >> shift, white: LEVELS.white >> shift };
  const pattern = spec.pattern === undefined ? "RGGB" : spec.pattern;
  const values = spec.values ?? mosaic(SCENE, SCENE_SIZE.width, pattern, levels);
  return writeDng({ ...SCENE_SIZE, ...levels, bits, pattern, ...spec, values });
}

/** What the sensor's pixels hold of it. */
export const sceneValues = (pattern: Pattern | null): Uint16Array =>
  mosaic(SCENE, SCENE_SIZE.width, pattern, LEVELS);

/** Light of a scene as the sensor of `COLOR_MATRIX` sees it, from 0 to 1; RGB, pixel by pixel. */
function drawScene(width: number, height: number): Float32Array {
  const scene = new Float32Array(width * height * 3);
  const toCamera = multiply(COLOR_MATRIX, SRGB_TO_XYZ);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const light = [0, 1, 2].map((c) => shade(x / width, y / height, c));
      for (const [c, row] of toCamera.entries()) {
        const seen = row.reduce((total, factor, i) => total + factor * (light[i] ?? 0), 0);
        // So that gray is `NEUTRAL`, and the lamp too bright.
        const gray = (NEUTRAL[c] ?? 1) / sum(row);
        scene[(y * width + x) * 3 + c] = Math.min(1, Math.max(0, seen * gray));
      }
    }
  }
  return scene;
}

/** What that sensor sees of daylight (D65), as DNGs tell it. */
export function neutralInDaylight(): number[] {
  const sums = multiply(COLOR_MATRIX, SRGB_TO_XYZ).map(sum);
  return sums.map((value) => value / Math.max(...sums));
}

const sum = (row: readonly number[]): number => row.reduce((total, value) => total + value, 0);

/** Soft colours with a bright lamp, and discs with edges a few pixels soft. */
function shade(u: number, v: number, channel: number): number {
  const ground = 0.22 + 0.16 * Math.sin(5 * u + 2 * channel) * Math.cos(4 * v - channel);
  const disc = (cu: number, cv: number, radius: number, softness: number) =>
    1 / (1 + Math.exp((Math.hypot(u - cu, v - cv) - radius) / softness));
  const colour = [0.5, 0.1, 0.25][channel] ?? 0;
  const lamp = disc(0.75, 0.3, 0.1, 0.02);
  return ground * (1 - disc(0.3, 0.6, 0.15, 0.006)) + colour * disc(0.3, 0.6, 0.15, 0.006) + lamp;
}

const SRGB_TO_XYZ = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
] as const;

function multiply(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
): number[][] {
  return a.map((row) =>
    [0, 1, 2].map((c) => row.reduce((total, factor, i) => total + factor * (b[i]?.[c] ?? 0), 0)),
  );
}

/** What the sensor's pixels hold: of each its own colour, or all where there is no pattern. */
function mosaic(
  scene: Float32Array,
  width: number,
  pattern: Pattern | null,
  { black, white }: { black: number; white: number },
): Uint16Array {
  const level = (light: number) => Math.round(black + light * (white - black));
  if (!pattern) return Uint16Array.from(scene, level);
  return Uint16Array.from({ length: scene.length / 3 }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const colour = COLOURS[pattern[(y % 2) * 2 + (x % 2)] as keyof typeof COLOURS];
    return level(scene[i * 3 + colour] ?? 0);
  });
}

const SCENE = drawScene(SCENE_SIZE.width, SCENE_SIZE.height);
