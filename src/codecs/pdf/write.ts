/** Pictures, encoded already or while they are read, as the pages of a PDF. */
import type { Orientation, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { DEFAULT_LAYOUT, placePicture } from "./page-layout.ts";
import { createPdfWriter, type PdfWriter } from "./writer.ts";

/** Numbers of objects that a file has once. */
const CATALOGUE = 1;
const PAGES = 2;
const FIRST_PAGE = 3;

/** Numbers of a page's objects, counted from its own. */
const OF_PAGE = {
  content: 1,
  image: 2,
  imageLength: 3,
  profile: 4,
  profileLength: 5,
  mask: 6,
  maskLength: 7,
} as const;
const OBJECTS_OF_PAGE = 8;

/** The places of a page's objects, and their table while it is written: an upper bound, in bytes. */
export const PAGE_RECORD_BYTES = 2048;

/** What a page shows. */
export interface PdfParts {
  /** As it is stored, to be turned as `orientation` says. */
  picture: PictureInfo;
  orientation: Orientation;
  options: EncodeOptions;
  /** Of the image's dictionary. */
  filter: string;
  data: AsyncIterable<Uint8Array>;
  /** Called when `data` has ended. */
  mask?: () => Iterable<Uint8Array>;
}

/** A page is written before the next is pulled; that they are pages of it is said at the end. */
export async function* writePdf(
  pages: AsyncIterable<PdfParts> | Iterable<PdfParts>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const writer = createPdfWriter();
  yield writer.head();
  yield writer.object(CATALOGUE, `<< /Type /Catalog /Pages ${PAGES} 0 R >>`);
  const numbers: number[] = [];
  for await (const parts of pages) {
    const number = FIRST_PAGE + numbers.length * OBJECTS_OF_PAGE;
    numbers.push(number);
    yield* writePage(writer, number, parts);
  }
  const kids = numbers.map((number) => `${number} 0 R`).join(" ");
  yield writer.object(PAGES, `<< /Type /Pages /Kids [${kids}] /Count ${numbers.length} >>`);
  yield writer.end();
}

/** @param page its object's number */
async function* writePage(
  writer: PdfWriter,
  page: number,
  { picture, orientation, options, filter, data, mask }: PdfParts,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height, channels } = picture;
  const { icc } = options.metadata;
  const id = (part: keyof typeof OF_PAGE): number => page + OF_PAGE[part];
  const isTurned = orientation >= 5;
  const upright = isTurned ? { width: height, height: width } : { width, height };
  const placed = placePicture(upright, orientation, options.page ?? DEFAULT_LAYOUT);
  const box = `[0 0 ${short(placed.page.width)} ${short(placed.page.height)}]`;
  const content = `q ${placed.matrix.map(short).join(" ")} cm /I Do Q`;
  const device = channels === 1 ? "/DeviceGray" : "/DeviceRGB";
  const colours = icc ? `[/ICCBased ${id("profile")} 0 R]` : device;
  const size = `/Width ${width} /Height ${height} /BitsPerComponent 8`;
  yield writer.object(
    page,
    `<< /Type /Page /Parent ${PAGES} 0 R /MediaBox ${box} /Resources << /XObject << /I ${id("image")} 0 R >> >> /Contents ${id("content")} 0 R >>`,
  );
  yield writer.object(
    id("content"),
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
  );
  const maskEntry = mask ? ` /SMask ${id("mask")} 0 R` : "";
  yield* writer.stream(
    ...([id("image"), id("imageLength")] as const),
    `/Type /XObject /Subtype /Image ${size} /ColorSpace ${colours} ${filter}${maskEntry}`,
    data,
  );
  if (icc) {
    const alternate = `/N ${channels === 1 ? 1 : 3} /Alternate ${device}`;
    yield* writer.stream(id("profile"), id("profileLength"), alternate, [icc]);
  }
  if (mask) {
    yield* writer.stream(
      ...([id("mask"), id("maskLength")] as const),
      `/Type /XObject /Subtype /Image ${size} /ColorSpace /DeviceGray /Filter /FlateDecode`,
      mask(),
    );
  }
}

/** No reader wants more digits. */
const short = (value: number): string => String(Number(value.toFixed(4)));
