/** A picture as a PDF of one page: JPEG inside, or deflated without loss, transparency as a mask. */
import type { Workspace } from "../../pipeline/memory.ts";
import type { Orientation, Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { JPEG } from "../jpeg/codec.ts";
import { deflateMemory, deflateRows } from "../png/deflate-rows.ts";
import { DEFAULT_LAYOUT, placePicture } from "./page-layout.ts";
import { softMaskMemory, splitMask } from "./soft-mask.ts";
import { createPdfWriter } from "./writer.ts";

const NO_METADATA = { icc: null, exif: null, xmp: null };

/** Numbers of the file's objects. */
const ID = {
  pages: 2,
  page: 3,
  content: 4,
  image: 5,
  imageLength: 6,
  profile: 7,
  profileLength: 8,
  mask: 9,
  maskLength: 10,
} as const;

const inside = (options: EncodeOptions): EncodeOptions => ({ ...options, metadata: NO_METADATA });

const opaque = ({ width, height, channels, icc }: PictureInfo): PictureInfo => ({
  ...{ width, height, icc },
  channels: channels === 1 ? 1 : 3,
});

/** Upper bound, in bytes. */
export function encodeMemory(picture: PictureInfo, options: EncodeOptions): number {
  const colours = options.lossless
    ? deflateMemory(opaque(picture), options.effort)
    : JPEG.encoder.memory(opaque(picture), inside(options));
  return colours + (picture.channels === 4 ? softMaskMemory(picture) : 0);
}

export async function* encodePdf(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const mask = picture.channels === 4 ? splitMask(picture, workspace) : null;
  const colours = mask?.colours ?? picture;
  const { width, channels } = colours;
  const data = options.lossless
    ? deflateRows(colours, options.effort, "samples", workspace)
    : JPEG.encoder.encode(colours, inside(options), workspace);
  const filter = options.lossless
    ? `/Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors ${channels} /BitsPerComponent 8 /Columns ${width} >>`
    : "/Filter /DCTDecode";
  yield* writePdf({
    ...{ picture: colours, orientation: 1, options, filter, data },
    ...(mask && { mask: mask.deflated }),
  });
}

export interface PdfParts {
  picture: PictureInfo;
  orientation: Orientation;
  options: EncodeOptions;
  /** Of the image's dictionary. */
  filter: string;
  data: AsyncIterable<Uint8Array>;
  /** Called when `data` has ended. */
  mask?: () => Iterable<Uint8Array>;
}

/** @param parts `picture` as it is stored, to be turned as `orientation` says */
export async function* writePdf({
  picture,
  orientation,
  options,
  filter,
  data,
  mask,
}: PdfParts): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height, channels } = picture;
  const { icc } = options.metadata;
  const isTurned = orientation >= 5;
  const upright = isTurned ? { width: height, height: width } : { width, height };
  const layout = options.page ?? DEFAULT_LAYOUT;
  const { page, matrix } = placePicture(upright, orientation, layout);
  const content = `q ${matrix.map(short).join(" ")} cm /I Do Q`;
  const device = channels === 1 ? "/DeviceGray" : "/DeviceRGB";
  const colours = icc ? `[/ICCBased ${ID.profile} 0 R]` : device;
  const size = `/Width ${width} /Height ${height} /BitsPerComponent 8`;
  const writer = createPdfWriter();
  yield writer.head();
  yield writer.object(1, `<< /Type /Catalog /Pages ${ID.pages} 0 R >>`);
  yield writer.object(ID.pages, `<< /Type /Pages /Kids [${ID.page} 0 R] /Count 1 >>`);
  yield writer.object(
    ID.page,
    `<< /Type /Page /Parent ${ID.pages} 0 R /MediaBox [0 0 ${short(page.width)} ${short(page.height)}] /Resources << /XObject << /I ${ID.image} 0 R >> >> /Contents ${ID.content} 0 R >>`,
  );
  yield writer.object(ID.content, `<< /Length ${content.length} >>\nstream\n${content}\nendstream`);
  const maskEntry = mask ? ` /SMask ${ID.mask} 0 R` : "";
  yield* writer.stream(
    ...([ID.image, ID.imageLength] as const),
    `/Type /XObject /Subtype /Image ${size} /ColorSpace ${colours} ${filter}${maskEntry}`,
    data,
  );
  if (icc) {
    const alternate = `/N ${channels === 1 ? 1 : 3} /Alternate ${device}`;
    yield* writer.stream(ID.profile, ID.profileLength, alternate, [icc]);
  }
  if (mask) {
    yield* writer.stream(
      ...([ID.mask, ID.maskLength] as const),
      `/Type /XObject /Subtype /Image ${size} /ColorSpace /DeviceGray /Filter /FlateDecode`,
      mask(),
    );
  }
  yield writer.end();
}

/** No reader wants more digits. */
const short = (value: number): string => String(Number(value.toFixed(4)));
