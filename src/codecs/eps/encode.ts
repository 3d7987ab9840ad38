/**
 * A picture as EPS: PostScript that draws one image (Adobe 5002, EPSF 3.0). JPEG inside, which
 * level 2 reads, or deflated without loss, which level 3 does.
 */
import { createGrayToSrgb } from "../../colour/profile.ts";
import { openRgbToSrgb, rgbToSrgbBytes } from "../../colour/rgb.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo, Strip } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { JPEG } from "../jpeg/codec.ts";
import { deflateMemory, deflateRows } from "../png/deflate-rows.ts";
import { encodeAscii85 } from "./ascii85.ts";

/** As browsers and most programs take a pixel. */
const DEFAULT_DPI = 96;
const POINTS_PER_INCH = 72;
/** Chunks, and their text. */
const TEXT_BYTES = 2 * 1024 * 1024;

/** Converted at a time. */
const ROWS = 16;

const NO_METADATA = { icc: null, exif: null, xmp: null };
const inside = (options: EncodeOptions): EncodeOptions => ({ ...options, metadata: NO_METADATA });

/** Upper bound, in bytes. */
export function encodeMemory(picture: PictureInfo, options: EncodeOptions): number {
  const data = options.lossless
    ? deflateMemory(picture, options.effort)
    : JPEG.encoder.memory(picture, inside(options));
  return data + TEXT_BYTES + ROWS * picture.width * picture.channels + rgbToSrgbBytes(picture.icc);
}

export async function* encodeEps(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield new TextEncoder().encode(writeHead(picture, options));
  const colours: Picture = { ...picture, icc: null, strips: toSrgb(picture, workspace) };
  const data = options.lossless
    ? deflateRows(colours, options.effort, "samples", workspace)
    : JPEG.encoder.encode(colours, inside(options), workspace);
  yield* encodeAscii85(data);
  yield new TextEncoder().encode("grestore\nshowpage\n%%EOF\n");
}

/** Readers of EPS look for no profile. */
async function* toSrgb(
  { width, channels, icc, strips }: Picture,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const gray = icc && channels === 1 ? createGrayToSrgb(icc) : null;
  const convert = channels === 3 ? await openRgbToSrgb(icc, workspace) : null;
  if (!gray && !convert) return yield* strips;
  const rowBytes = width * channels;
  const buffer = workspace.allocate(ROWS * rowBytes);
  for await (const { y, rows, data } of strips) {
    for (let row = 0; row < rows; row += ROWS) {
      const count = Math.min(ROWS, rows - row);
      const part = buffer.subarray(0, count * rowBytes);
      part.set(data.subarray(row * rowBytes, (row + count) * rowBytes));
      convert?.(part, count * width, 3);
      if (gray) for (let i = 0; i < part.length; i++) part[i] = gray[part[i] as number] as number;
      yield { y: y + row, rows: count, data: part };
    }
  }
}

function writeHead({ width, height, channels }: PictureInfo, options: EncodeOptions): string {
  const unit = POINTS_PER_INCH / (options.page?.dpi ?? DEFAULT_DPI);
  const [right, top] = [width * unit, height * unit];
  const exact = (value: number): string => String(Number(value.toFixed(4)));
  const deflated = `<< /Predictor 15 /Colors ${channels} /BitsPerComponent 8 /Columns ${width} >> /FlateDecode`;
  const filter = options.lossless ? deflated : "/DCTDecode";
  const decode = Array.from({ length: channels }, () => "0 1").join(" ");
  return [
    "%!PS-Adobe-3.0 EPSF-3.0",
    `%%BoundingBox: 0 0 ${Math.ceil(right)} ${Math.ceil(top)}`,
    `%%HiResBoundingBox: 0 0 ${exact(right)} ${exact(top)}`,
    `%%LanguageLevel: ${options.lossless ? 3 : 2}`,
    "%%EndComments",
    "gsave",
    `${exact(right)} ${exact(top)} scale`,
    channels === 1 ? "/DeviceGray setcolorspace" : "/DeviceRGB setcolorspace",
    `<< /ImageType 1 /Width ${width} /Height ${height} /BitsPerComponent 8 /Decode [${decode}]`,
    `/ImageMatrix [${width} 0 0 ${-height} 0 ${height}]`,
    `/DataSource currentfile /ASCII85Decode filter ${filter} filter >> image`,
    "",
  ].join("\n");
}
