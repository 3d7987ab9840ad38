/** An OpenEXR file's samples → rows of 8 bits, block by block. No exposure is guessed. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Channels, type Source, type Strip } from "../../pipeline/picture.ts";
import { encodeLight, LIGHT_CUT_OFF } from "../light.ts";
import { blockBytes, createBlockReader, gridOf, readerBytes, type Block } from "./blocks.ts";
import { chooseChannels, type Choice } from "./choose.ts";
import { expand } from "./expand.ts";
import { readHeader, SAMPLE_TYPES, type ExrHeader } from "./header.ts";
import { layOut, type BlockLayout, type Run } from "./layout.ts";
import { PIZ_BYTES } from "./piz.ts";

const DEPTHS = { [SAMPLE_TYPES.integer]: 32, [SAMPLE_TYPES.half]: 16, [SAMPLE_TYPES.float]: 32 };
const HALVES = 65_536;
/** Steps of light whose sRGB values are known: even in the dark, where a value has most, eight each. */
const LIGHT_STEPS = 65_535;
const TABLE_BYTES = HALVES * 4 + LIGHT_STEPS + 1;
/** Of what says where the samples of a line are. */
const RUN_BYTES = 128;

interface Shape {
  width: number;
  height: number;
  channels: Channels;
}

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openExr(bytes: ByteSource): Promise<Source> {
  const header = await readHeader(bytes);
  const choice = chooseChannels(header.channels);
  const { display, channels } = header;
  const shape: Shape = {
    width: display.right - display.left + 1,
    height: display.bottom - display.top + 1,
    channels: choice.alpha !== null ? 4 : choice.kind === "luminance" ? 1 : 3,
  };
  const types = choice.colours.flatMap((index) => channels[index ?? -1] ?? []);
  return {
    format: "exr",
    ...{ ...shape, icc: null, orientation: 1 },
    depth: Math.max(...types.map(({ type }) => DEPTHS[type])),
    metadata: { icc: null, exif: null, xmp: null },
    ...{ frames: 1, pages: 1, warnings: [LIGHT_CUT_OFF], scales: [1] },
    memory: () => memory(header, shape),
    picture: (_plan, workspace) =>
      Promise.resolve({ ...shape, icc: null, strips: decode(bytes, header, choice, workspace) }),
  };
}

const bandLines = (header: ExrHeader): number => {
  const { height, group } = gridOf(header);
  return Math.max(height * group, STRIP_ROWS);
};

const MAX_CHOSEN = 4;

function memory(header: ExrHeader, { width, channels }: Shape): number {
  const { width: wide, height } = gridOf(header);
  const block = blockBytes(header, wide * height);
  const runs = height * header.channels.length * RUN_BYTES;
  // A block as it was, as it is on the way, and what zlib makes of one that is too long.
  const expanded = 4 * block + PIZ_BYTES;
  const lines = MAX_CHOSEN * wide * 4;
  return (
    readerBytes(header) +
    expanded +
    runs +
    lines +
    TABLE_BYTES +
    bandLines(header) * width * channels
  );
}

async function* decode(
  bytes: ByteSource,
  header: ExrHeader,
  choice: Choice,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { data, display } = header;
  const grid = gridOf(header);
  const readBlocks = createBlockReader(bytes, header);
  const painter = createPainter(header, choice, workspace);
  const rowBytes = painter.rowBytes;
  const band = workspace.allocate(bandLines(header) * rowBytes);
  for (let y = display.top; y <= display.bottom;) {
    const isInside = y >= data.top && y <= data.bottom;
    if (!isInside) {
      // Nothing is stored there.
      const end = y < data.top ? Math.min(data.top, display.bottom + 1) : display.bottom + 1;
      const rows = Math.min(STRIP_ROWS, end - y);
      yield { y: y - display.top, rows, data: band.subarray(0, rows * rowBytes).fill(0) };
      y += rows;
      continue;
    }
    const row = Math.floor((y - data.top) / grid.height);
    const top = data.top + row * grid.height;
    const bottom = Math.min(top + grid.group * grid.height - 1, data.bottom);
    if (painter.leavesGaps) band.fill(0);
    for await (const block of readBlocks(row)) painter.paint(block, band, top);
    const rows = Math.min(bottom, display.bottom) - y + 1;
    yield {
      y: y - display.top,
      rows,
      data: band.subarray((y - top) * rowBytes, (y - top + rows) * rowBytes),
    };
    y += rows;
  }
}

interface Painter {
  /** Of the picture. */
  rowBytes: number;
  /** Whether there are columns without samples. */
  leavesGaps: boolean;
  /** Writes the part of a block that is to be seen to the rows from `top` on. */
  paint(block: Block, band: Uint8Array, top: number): void;
}

function createPainter(header: ExrHeader, choice: Choice, workspace: Workspace): Painter {
  const { channels, data, display, compression } = header;
  const grid = gridOf(header);
  const block = blockBytes(header, grid.width * grid.height);
  const buffers = [workspace.allocate(block), workspace.allocate(block)] as const;
  const chosen = [...choice.colours, ...(choice.alpha === null ? [] : [choice.alpha])];
  const lines = chosen.map(() => new Float32Array(workspace.allocate(grid.width * 4).buffer));
  const readRun = createRunReader(workspace);
  const { step, write } = createWriter(choice, lines, workspace);
  const rowBytes = (display.right - display.left + 1) * step;
  const isEven = channels.every(({ downStep }) => downStep === 1);
  let last: { area: Block["area"]; layout: BlockLayout } | undefined;
  /** Most blocks are as the one before. */
  const layoutOf = (area: Block["area"]): BlockLayout => {
    const isSame = last?.area.x === area.x && last.area.width === area.width && last.area.height === area.height; // prettier-ignore
    if (!last || !isSame || !isEven) last = { area, layout: layOut(channels, area) };
    return last.layout;
  };
  return {
    rowBytes,
    leavesGaps: data.left > display.left || data.right < display.right,
    paint({ area, coded }, band, top) {
      const layout = layoutOf(area);
      const samples = expand(coded, buffers, layout, compression);
      const view = new DataView(samples.buffer, samples.byteOffset, samples.byteLength);
      const left = Math.max(area.x, display.left);
      const right = Math.min(area.x + area.width - 1, display.right);
      for (const [line, runs] of layout.lines.entries()) {
        for (const run of runs) {
          const place = chosen.indexOf(run.index);
          // Coarse channels have no samples in each line: those before count.
          if (place >= 0) readRun(view, run, lines[place] as Float32Array, area);
        }
        const to = (area.y + line - top) * rowBytes + (left - display.left) * step;
        write(left - area.x, right - area.x + 1, band, to);
      }
    },
  };
}

/** Reads a channel's samples in a line, as many as the block has columns. */
function createRunReader(workspace: Workspace) {
  const halves = new Float32Array(workspace.allocate(HALVES * 4).buffer);
  for (let bits = 0; bits < HALVES; bits++) halves[bits] = readHalf(bits);
  const read = {
    [SAMPLE_TYPES.integer]: (view: DataView, at: number) => view.getUint32(at, true),
    [SAMPLE_TYPES.half]: (view: DataView, at: number) => halves[view.getUint16(at, true)] as number,
    [SAMPLE_TYPES.float]: (view: DataView, at: number) => view.getFloat32(at, true),
  };
  return (
    view: DataView,
    { channel: { type, acrossStep }, count, start }: Run,
    line: Float32Array,
    { x, width }: Block["area"],
  ): void => {
    const readOne = read[type];
    const size = type === SAMPLE_TYPES.half ? 2 : 4;
    if (acrossStep === 1) {
      for (let i = 0; i < count; i++) line[i] = readOne(view, start + i * size);
      return;
    }
    if (count === 0) return;
    const first = Math.ceil(x / acrossStep);
    for (let i = 0; i < width; i++) {
      const sample = Math.floor((x + i) / acrossStep) - first;
      line[i] = readOne(view, start + Math.max(0, Math.min(sample, count - 1)) * size);
    }
  };
}

/** IEEE 754's binary16. */
function readHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

/** Rec. 709's shares of luminance. */
const [RED_SHARE, GREEN_SHARE, BLUE_SHARE] = [0.2126, 0.7152, 0.0722];

/** Writes columns `from` to `end` of the lines as pixels. */
type Write = (from: number, end: number, band: Uint8Array, to: number) => void;

function createWriter(
  { kind, colours, alpha }: Choice,
  lines: readonly Float32Array[],
  workspace: Workspace,
): { step: Channels; write: Write } {
  const table = workspace.allocate(LIGHT_STEPS + 1);
  for (let i = 0; i <= LIGHT_STEPS; i++) table[i] = encodeLight(i / LIGHT_STEPS);
  /** Of what is no number, too. */
  const encode = (light: number): number =>
    light >= 1 ? 255 : light > 0 ? (table[(light * LIGHT_STEPS + 0.5) | 0] as number) : 0;
  const [first, second, third] = lines as [Float32Array, Float32Array, Float32Array];
  if (kind === "luminance" && alpha === null) {
    const write: Write = (from, end, band, to) => {
      for (let x = from; x < end; x++) band[to + x - from] = encode(first[x] as number);
    };
    return { step: 1, write };
  }
  const opacities = alpha === null ? null : (lines[colours.length] as Float32Array);
  const step = opacities ? 4 : 3;
  const write: Write = (from, end, band, start) => {
    for (let x = from, to = start; x < end; x++, to += step) {
      let [red, green, blue] = [first[x] as number, 0, 0];
      if (kind === "luminance") {
        green = red;
        blue = red;
      } else {
        green = second[x] as number;
        blue = third[x] as number;
      }
      if (kind === "differences") {
        const luminance = red;
        red = (green + 1) * luminance;
        blue = (blue + 1) * luminance;
        green = (luminance - red * RED_SHARE - blue * BLUE_SHARE) / GREEN_SHARE;
      }
      // Colours were multiplied with it.
      const opacity = opacities ? Math.max(0, Math.min(1, opacities[x] as number)) || 0 : 1;
      const share = opacity > 0 ? 1 / opacity : 0;
      band[to] = encode(red * share);
      band[to + 1] = encode(green * share);
      band[to + 2] = encode(blue * share);
      if (opacities) band[to + 3] = Math.round(opacity * 255);
    }
  };
  return { step, write };
}
