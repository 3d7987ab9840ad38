/** Inks to screen colours by interpolation in a grid, in the engine. */
import { CMYK_POINTS, type CmykGrid } from "./cmyk-grid.ts";
import { align, type Engine } from "./engine.ts";

const NODES = CMYK_POINTS ** 4;
const NODE_BYTES = 8;
/** Read behind the last point, where colours weigh nothing: one step of every ink. */
const BEHIND_BYTES = NODE_BYTES * (1 + 17 + 17 ** 2 + 17 ** 3 + 1);
/** Pixels at a time of what lies elsewhere; a multiple of four. */
const BLOCK_PIXELS = 2048;
const SLACK_BYTES = 16;
/** Brings 0 to 65280 around zero. */
const CENTER = 32_640;

/**
 * Converts `pixels` pixels of `cmyk` (4 bytes each; 0 is no ink, 255 full ink) into `rgb` (3 bytes
 * each, sRGB).
 */
export type CmykToSrgb = (cmyk: Uint8Array, rgb: Uint8Array, pixels: number) => void;

const AT_SOURCE = align(NODES * NODE_BYTES + BEHIND_BYTES);
const AT_TARGET = AT_SOURCE + align(BLOCK_PIXELS * 4 + SLACK_BYTES);

/** Bytes of the engine's arena that `startCmyk` takes. */
export const CMYK_KERNEL_BYTES = AT_TARGET + align(BLOCK_PIXELS * 3 + SLACK_BYTES);

export function startCmyk(engine: Engine, grid: CmykGrid): CmykToSrgb {
  const base = engine.allocate(CMYK_KERNEL_BYTES);
  const points = new Int16Array(engine.memory, base, NODES * 4);
  for (let node = 0; node < NODES; node++) {
    for (let c = 0; c < 3; c++) points[node * 4 + c] = (grid[node * 3 + c] ?? 0) - CENTER;
  }
  const source = base + AT_SOURCE;
  const target = base + AT_TARGET;
  return (cmyk, rgb, pixels) => {
    for (let pixel = 0; pixel < pixels; pixel += BLOCK_PIXELS) {
      const count = Math.min(BLOCK_PIXELS, pixels - pixel);
      engine.view(source, count * 4).set(cmyk.subarray(pixel * 4, (pixel + count) * 4));
      engine.exports.cmykToRgb(source, target, base, count);
      rgb.set(engine.view(target, count * 3), pixel * 3);
    }
  };
}
