/** Some rows of a picture, from all over it, that stand for the whole. */
import type { Size } from "./geometry.ts";
import { STRIP_ROWS, type PictureInfo, type Strip } from "./picture.ts";

export interface Sample {
  /** Where each band starts; bands are BAND_ROWS high, but for the whole picture, which is one. */
  starts: readonly number[];
  bandRows: number;
  rows: number;
  /** What a figure measured on the sample must be multiplied by. */
  factor: number;
}

/** WebP predicts blocks from those above: bands of one row of them would promise a tenth too much. */
const BAND_ROWS = 48;

/**
 * Which rows to take so that they have at most `maxPixels`, or one band. Bands start where blocks of
 * JPEG and WebP do: what was a JPEG before is larger when it is cut elsewhere.
 */
export function planSample({ width, height }: Size, maxPixels: number): Sample {
  if (width * height <= maxPixels)
    return { starts: [0], bandRows: height, rows: height, factor: 1 };
  const slots = Math.floor(height / BAND_ROWS);
  if (slots === 0) return { starts: [0], bandRows: height, rows: height, factor: 1 };
  const wanted = Math.floor(maxPixels / width / BAND_ROWS);
  const count = Math.min(slots, Math.max(1, wanted));
  const starts = Array.from(
    { length: count },
    (_, index) => Math.floor(((index + 0.5) * slots) / count) * BAND_ROWS,
  );
  const rows = count * BAND_ROWS;
  return { starts, bandRows: BAND_ROWS, rows, factor: height / rows };
}

/** Copies the sample's rows to `target`; reads no row behind the last. */
export async function takeSample(
  strips: AsyncIterable<Strip>,
  { width, channels }: PictureInfo,
  { starts, bandRows }: Sample,
  target: Uint8Array,
): Promise<void> {
  const rowBytes = width * channels;
  let band = 0;
  for await (const { y, rows, data } of strips) {
    while (band < starts.length) {
      const start = starts[band] ?? 0;
      const first = Math.max(y, start);
      const end = Math.min(y + rows, start + bandRows);
      if (end > first) {
        const part = data.subarray((first - y) * rowBytes, (end - y) * rowBytes);
        target.set(part, (band * bandRows + first - start) * rowBytes);
      }
      if (y + rows < start + bandRows) break;
      band++;
    }
    if (band === starts.length) return;
  }
}

/** The sample as an encoder's input. */
export async function* stripsOf(
  pixels: Uint8Array,
  { width, height, channels }: PictureInfo,
): AsyncGenerator<Strip, void, undefined> {
  const rowBytes = width * channels;
  for (let y = 0; y < height; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - y);
    yield { y, rows, data: pixels.subarray(y * rowBytes, (y + rows) * rowBytes) };
  }
}
