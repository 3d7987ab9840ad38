/** Writes GIFs from indices; shares no code with the codec. */

export type Rgb = [number, number, number];

export interface GifFrame {
  x?: number;
  y?: number;
  width: number;
  height: number;
  /** From the top left. */
  indices: ArrayLike<number>;
  palette?: Rgb[];
  interlaced?: boolean;
  transparentIndex?: number;
  /** 0 to 7, as in the file. */
  disposal?: number;
  /** Hundredths of a second. */
  delay?: number;
  /** In place of LZW of the indices: what follows the size of the codes, sub-blocks and all. */
  data?: Uint8Array;
}

export interface GifSpec {
  version?: "87a" | "89a";
  width: number;
  height: number;
  palette?: Rgb[];
  /** Bits of the smallest code. */
  codeBits?: number;
  /** Whether the table stays as it is when it is full. */
  keepFullTable?: boolean;
  /** Whether the data begin without a code that clears the table. */
  noFirstClear?: boolean;
  frames: GifFrame[];
  /** Between palette and first frame. */
  extensions?: Uint8Array[];
}

const uint16 = (value: number): number[] => [value & 255, value >> 8];

const paletteBits = (palette: Rgb[]): number => Math.max(1, Math.ceil(Math.log2(palette.length)));

function table(palette: Rgb[]): number[] {
  const bytes = palette.flat();
  return [
    ...bytes,
    ...Array.from({ length: 3 * 2 ** paletteBits(palette) - bytes.length }, () => 0),
  ];
}

export function writeGif(spec: GifSpec): Buffer {
  const { palette, frames, extensions = [], codeBits = 8 } = spec;
  const flags = palette ? 0x80 | (paletteBits(palette) - 1) : 0;
  const parts: (number[] | Uint8Array)[] = [
    [...Buffer.from(`GIF${spec.version ?? "89a"}`)],
    [...uint16(spec.width), ...uint16(spec.height), flags, 0, 0],
    palette ? table(palette) : [],
    ...extensions,
  ];
  for (const frame of frames) {
    const { x = 0, y = 0, width, height, transparentIndex, interlaced } = frame;
    const { disposal = 0, delay = 0 } = frame;
    if (transparentIndex !== undefined || disposal > 0 || delay > 0) {
      const control = (disposal << 2) | (transparentIndex === undefined ? 0 : 1);
      parts.push([0x21, 0xf9, 4, control, ...uint16(delay), transparentIndex ?? 0, 0]);
    }
    const local = frame.palette ? 0x80 | (paletteBits(frame.palette) - 1) : 0;
    parts.push([0x2c, ...[x, y, width, height].flatMap(uint16), local | (interlaced ? 0x40 : 0)]);
    if (frame.palette) parts.push(table(frame.palette));
    parts.push([codeBits], frame.data ?? subBlocks(packLzw(inFileOrder(frame), codeBits, spec)));
  }
  return Buffer.concat([...parts.map((part) => Uint8Array.from(part)), Uint8Array.of(0x3b)]);
}

/** The extension that makes an animation start again so often; 0 is for ever. */
export const repeats = (count: number): Uint8Array =>
  Uint8Array.of(0x21, 0xff, 11, ...Buffer.from("NETSCAPE2.0"), 3, 1, ...uint16(count), 0);

export function subBlocks(data: ArrayLike<number>): Uint8Array {
  const bytes = Array.from(data);
  const blocks: number[] = [];
  for (let i = 0; i < bytes.length; i += 255) {
    const part = bytes.slice(i, i + 255);
    blocks.push(part.length, ...part);
  }
  return Uint8Array.from([...blocks, 0]);
}

function inFileOrder({ width, height, indices, interlaced }: GifFrame): number[] {
  const rows = interlaced
    ? [
        [0, 8],
        [4, 8],
        [2, 4],
        [1, 2],
      ].flatMap(([first = 0, step = 1]) => {
        const pass: number[] = [];
        for (let y = first; y < height; y += step) pass.push(y);
        return pass;
      })
    : Array.from({ length: height }, (_, y) => y);
  return rows.flatMap((y) => Array.from({ length: width }, (_, x) => indices[y * width + x] ?? 0));
}

/** Codes of equal length, packed lowest bit first, as [code, bits]. */
export function packCodes(codes: readonly (readonly [number, number])[]): number[] {
  const bytes: number[] = [];
  let [buffer, filled] = [0, 0];
  for (const [code, bits] of codes) {
    buffer |= code << filled;
    filled += bits;
    for (; filled >= 8; filled -= 8) {
      bytes.push(buffer & 255);
      buffer >>>= 8;
    }
  }
  return filled > 0 ? [...bytes, buffer] : bytes;
}

function packLzw(
  indices: number[],
  codeBits: number,
  { keepFullTable, noFirstClear }: GifSpec,
): number[] {
  const clear = 2 ** codeBits;
  const codes: [number, number][] = noFirstClear ? [] : [[clear, codeBits + 1]];
  let strings = new Map<string, number>();
  let bits = codeBits + 1;
  let next = clear + 2;
  let text = "";
  const codeOf = (key: string): number =>
    key.includes(",") ? (strings.get(key) as number) : Number(key);
  for (const index of indices) {
    const longer = text === "" ? String(index) : `${text},${index}`;
    if (text === "" || strings.has(longer)) {
      text = longer;
      continue;
    }
    codes.push([codeOf(text), bits]);
    if (next < 4096) {
      strings.set(longer, next);
      if (next === 2 ** bits) bits++;
      next++;
    } else if (!keepFullTable) {
      codes.push([clear, bits]);
      strings = new Map();
      bits = codeBits + 1;
      next = clear + 2;
    }
    text = String(index);
  }
  if (text !== "") codes.push([codeOf(text), bits]);
  if (next === 2 ** bits && next < 4096) bits++;
  codes.push([clear + 1, bits]);
  return packCodes(codes);
}
