/** Samples as the file packs them → one byte each. */

/** How the rows of a strip, a tile or a plane are packed. */
export interface Packing {
  /** A sample: 1, 2, 4, 8 or 16, and what else sensors have. */
  bits: number;
  /** Samples of a pixel that lie side by side. */
  samples: number;
  littleEndian: boolean;
}

/** Bytes of a packed row. */
export const packedRowBytes = (width: number, { bits, samples }: Packing): number =>
  Math.ceil((width * samples * bits) / 8);

/** Predictor 2 (TIFF 6.0, section 14) in place: adds to each sample the one of the pixel before. */
export function addDifferences(rows: Uint8Array, rowBytes: number, packing: Packing): void {
  const { bits, samples, littleEndian } = packing;
  for (let start = 0; start < rows.length; start += rowBytes) {
    const end = start + rowBytes;
    if (bits === 8) {
      for (let i = start + samples; i < end; i++) {
        rows[i] = (rows[i] as number) + (rows[i - samples] as number);
      }
      continue;
    }
    const [low, high] = littleEndian ? [0, 1] : [1, 0];
    const step = samples * 2;
    for (let i = start + step; i < end; i += 2) {
      const before = i - step;
      const sum = (rows[i + low] as number) + (rows[before + low] as number);
      rows[i + low] = sum;
      rows[i + high] = (rows[i + high] as number) + (rows[before + high] as number) + (sum >> 8);
    }
  }
}

/** Where bytes go in `target`: the first to `start`, the others `stride` apart. */
export interface Places {
  start: number;
  stride: number;
}

/**
 * @param isIndex whether samples are indices, which keep their values, or light, which is scaled
 */
export function unpack(
  rows: Uint8Array,
  count: number,
  width: number,
  packing: Packing,
  isIndex: boolean,
  target: Uint8Array,
  { start, stride }: Places,
): void {
  const { bits, samples, littleEndian } = packing;
  const rowSamples = width * samples;
  const rowBytes = packedRowBytes(width, packing);
  let to = start;
  if (bits === 16) {
    const [low, high] = littleEndian ? [0, 1] : [1, 0];
    for (let i = 0; i < count * rowBytes; i += 2, to += stride) {
      const value = (rows[i + low] as number) | ((rows[i + high] as number) << 8);
      target[to] = (value * 255 + 32_895) >> 16; // the nearest, value * 255 / 65535
    }
    return;
  }
  if (bits === 8) {
    for (let i = 0; i < count * rowBytes; i++, to += stride) target[to] = rows[i] as number;
    return;
  }
  const mask = (1 << bits) - 1;
  const scale = isIndex ? 1 : 255 / mask;
  for (let y = 0; y < count; y++) {
    const row = y * rowBytes;
    for (let i = 0, bit = 0; i < rowSamples; i++, bit += bits, to += stride) {
      const byte = rows[row + (bit >> 3)] as number;
      target[to] = ((byte >> (8 - bits - (bit & 7))) & mask) * scale;
    }
  }
}
