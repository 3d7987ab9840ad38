/** Writes BMPs of every kind from samples; shares no code with the codec. */

export type BmpHeaderKind = "core" | "os2" | "info" | "v2" | "v3" | "v4" | "v5";

const LENGTHS: Record<BmpHeaderKind, number> = {
  ...{ core: 12, os2: 64, info: 40, v2: 52, v3: 56, v4: 108, v5: 124 },
};

export interface BmpSpec {
  width: number;
  height: number;
  header: BmpHeaderKind;
  bits: 1 | 2 | 4 | 8 | 16 | 24 | 32;
  /** biCompression. */
  compression?: number;
  topDown?: boolean;
  /** [red, green, blue] each. */
  palette?: [number, number, number][];
  /** biClrUsed; otherwise the palette's length. */
  claimedColours?: number;
  /** Red, green, blue and, where there are four, alpha. */
  masks?: number[];
  /** One number a pixel: index, or the pixel's bits; from the top left. */
  pixels: ArrayLike<number>;
  /** In place of packed pixels. */
  data?: Uint8Array;
  icc?: Uint8Array;
  /** Bytes between palette and pixels. */
  gap?: number;
}

export function writeBmp(spec: BmpSpec): Buffer {
  const { header, palette = [], masks = [], bits, gap = 0 } = spec;
  const length = LENGTHS[header];
  const entryBytes = header === "core" ? 3 : 4;
  const masksInside = header.startsWith("v");
  const masksBehind = masksInside ? 0 : masks.length * 4;
  const dataOffset = 14 + length + masksBehind + palette.length * entryBytes + gap;
  const data = spec.data ?? packPixels(spec);
  const head = Buffer.alloc(dataOffset);
  head.write("BM");
  head.writeUInt32LE(dataOffset + data.length + (spec.icc?.length ?? 0), 2);
  head.writeUInt32LE(dataOffset, 10);
  head.writeUInt32LE(length, 14);
  if (header === "core") {
    head.writeUInt16LE(spec.width, 18);
    head.writeUInt16LE(spec.height, 20);
    head.writeUInt16LE(1, 22);
    head.writeUInt16LE(bits, 24);
  } else {
    head.writeInt32LE(spec.width, 18);
    head.writeInt32LE(spec.topDown ? -spec.height : spec.height, 22);
    head.writeUInt16LE(1, 26);
    head.writeUInt16LE(bits, 28);
    head.writeUInt32LE(spec.compression ?? 0, 30);
    head.writeUInt32LE(data.length, 34);
    head.writeUInt32LE(spec.claimedColours ?? palette.length, 46);
    masks.forEach((mask, i) => head.writeUInt32LE(mask, 54 + i * 4));
  }
  if (spec.icc) {
    head.writeUInt32LE(0x4d42_4544, 14 + 56);
    head.writeUInt32LE(dataOffset - 14 + data.length, 14 + 112);
    head.writeUInt32LE(spec.icc.length, 14 + 116);
  }
  palette.forEach(([red, green, blue], i) => {
    head.set([blue, green, red], 14 + length + masksBehind + i * entryBytes);
  });
  return Buffer.concat([head, data, spec.icc ?? Buffer.alloc(0)]);
}

function packPixels({ width, height, bits, topDown, pixels }: BmpSpec): Buffer {
  const stride = Math.ceil((width * bits) / 32) * 4;
  const data = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const start = (topDown ? y : height - 1 - y) * stride;
    for (let x = 0; x < width; x++) {
      const value = pixels[y * width + x] ?? 0;
      if (bits >= 8) {
        data.writeUIntLE(value, start + (x * bits) / 8, bits / 8);
      } else {
        const at = start + Math.floor((x * bits) / 8);
        data[at] = (data[at] ?? 0) | (value << (8 - bits - ((x * bits) % 8)));
      }
    }
  }
  return data;
}

/** RLE8 or RLE4 with runs, literals, moves and a mark at each row's end. */
export function packRunLengths(
  { width, height, bits }: Pick<BmpSpec, "width" | "height" | "bits">,
  pixels: ArrayLike<number>,
): Buffer {
  const bytes: number[] = [];
  for (let y = height - 1; y >= 0; y--) {
    const row = Array.from({ length: width }, (_, x) => pixels[y * width + x] ?? 0);
    for (let x = 0; x < width;) {
      const value = row[x] as number;
      let run = 1;
      while (run < 255 && row[x + run] === value) run++;
      if (run >= 3) {
        // What no code sets is colour 0.
        if (value === 0) bytes.push(0, 2, run, 0);
        else bytes.push(run, bits === 4 ? value * 17 : value);
      } else {
        run = Math.min(3 + (x % 5), width - x);
        const literal = row.slice(x, x + run);
        if (run < 3) literal.forEach((index) => bytes.push(1, bits === 4 ? index * 17 : index));
        else {
          const packed =
            bits === 8
              ? literal
              : Array.from(
                  { length: Math.ceil(run / 2) },
                  (_, i) => ((literal[i * 2] ?? 0) << 4) | (literal[i * 2 + 1] ?? 0),
                );
          bytes.push(0, run, ...packed, ...(packed.length % 2 === 1 ? [0] : []));
        }
      }
      x += run;
    }
    bytes.push(0, 0);
  }
  bytes.push(0, 1);
  return Buffer.from(bytes);
}
