/** OpenEXR files that ImageMagick does not write: samples of every type, not compressed. */

export type SampleType = "integer" | "half" | "float";

export interface ExrChannel {
  name: string;
  type: SampleType;
  /** Columns and rows for each sample. */
  step?: number;
  /** Its value at a place of the windows. */
  at(x: number, y: number): number;
}

export type Window = readonly [left: number, top: number, right: number, bottom: number];

export interface ExrPicture {
  channels: readonly ExrChannel[];
  data: Window;
  display?: Window;
  /** Width and height; the picture is then stored with all its reductions announced. */
  tiles?: readonly [number, number];
  /** By its number. */
  compression?: number;
  decreasing?: boolean;
  isMultipart?: boolean;
}

const TYPES: readonly SampleType[] = ["integer", "half", "float"];

const text = (value: string): Buffer => Buffer.from(`${value}\0`, "latin1");
const i32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeInt32LE(value, i * 4);
  return bytes;
};
/** As a float. */
const ONE = i32(0x3f80_0000);

const attribute = (name: string, type: string, value: Buffer): Buffer =>
  Buffer.concat([text(name), text(type), i32(value.length), value]);

function writeSample(type: SampleType, value: number): Buffer {
  const bytes = Buffer.alloc(type === "half" ? 2 : 4);
  if (type === "integer") bytes.writeUInt32LE(value);
  else if (type === "float") bytes.writeFloatLE(value);
  else bytes.writeUInt16LE(toHalf(value));
  return bytes;
}

/** Of values that are normal numbers or 0, cut off. */
function toHalf(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = Math.floor((Math.abs(value) / 2 ** exponent - 1) * 1024);
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction;
}

export function writeExr(picture: ExrPicture): Buffer {
  const { channels, data, display = data, tiles, compression = 0, isMultipart = false } = picture;
  const [left, top, right, bottom] = data;
  const list = channels.map(({ name, type, step = 1 }) =>
    Buffer.concat([text(name), i32(TYPES.indexOf(type), 0, step, step)]),
  );
  const header = Buffer.concat([
    attribute("channels", "chlist", Buffer.concat([...list, Buffer.from([0])])),
    attribute("compression", "compression", Buffer.from([compression])),
    attribute("dataWindow", "box2i", i32(...data)),
    attribute("displayWindow", "box2i", i32(...display)),
    attribute("lineOrder", "lineOrder", Buffer.from([picture.decreasing ? 1 : 0])),
    attribute("pixelAspectRatio", "float", ONE),
    attribute("screenWindowCenter", "v2f", i32(0, 0)),
    attribute("screenWindowWidth", "float", ONE),
    tiles ? attribute("tiles", "tiledesc", Buffer.concat([i32(...tiles), Buffer.from([1])])) : Buffer.alloc(0), // prettier-ignore
    isMultipart ? attribute("type", "string", Buffer.from(tiles ? "tiledimage" : "scanlineimage")) : Buffer.alloc(0), // prettier-ignore
    Buffer.from([0]),
  ]);
  const [width, height] = tiles ?? [right - left + 1, 1];
  const blocks: Buffer[] = [];
  for (let y = top; y <= bottom; y += height) {
    for (let x = left; x <= right; x += width) {
      const area = {
        x,
        y,
        right: Math.min(x + width - 1, right),
        bottom: Math.min(y + height - 1, bottom),
      };
      const samples = writeSamples(channels, area);
      const place = tiles ? [(x - left) / width, (y - top) / height, 0, 0] : [y];
      blocks.push(
        Buffer.concat([i32(...(isMultipart ? [0] : []), ...place, samples.length), samples]),
      );
    }
  }
  const flags = (tiles && !isMultipart ? 0x200 : 0) | (isMultipart ? 0x1000 : 0);
  const head = Buffer.concat([
    Buffer.from([0x76, 0x2f, 0x31, 0x01]),
    i32(2 | flags),
    header,
    ...(isMultipart ? [Buffer.from([0])] : []),
  ]);
  const table = Buffer.alloc(blocks.length * 8);
  let offset = head.length + table.length;
  const order = [...blocks.keys()];
  if (picture.decreasing) order.reverse();
  for (const index of order) {
    table.writeBigUInt64LE(BigInt(offset), index * 8);
    offset += blocks[index]?.length ?? 0;
  }
  return Buffer.concat([head, table, ...order.map((index) => blocks[index] as Buffer)]);
}

function writeSamples(
  channels: readonly ExrChannel[],
  area: { x: number; y: number; right: number; bottom: number },
): Buffer {
  const samples: Buffer[] = [];
  for (let y = area.y; y <= area.bottom; y++) {
    for (const { type, step = 1, at } of channels) {
      if (y % step !== 0) continue;
      for (let x = area.x; x <= area.right; x++) {
        if (x % step === 0) samples.push(writeSample(type, at(x, y)));
      }
    }
  }
  return Buffer.concat(samples);
}
