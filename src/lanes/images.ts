/** The codecs of the images lane: small ones, which every other lane has, too. */
import type { Codecs } from "../codecs/codec.ts";
import type { FormatsOf } from "../formats.ts";
import { BMP } from "../codecs/bmp/codec.ts";
import { EXR } from "../codecs/exr/codec.ts";
import { GIF } from "../codecs/gif/codec.ts";
import { HDR } from "../codecs/hdr/codec.ts";
import { ICO } from "../codecs/ico/codec.ts";
import { JPEG } from "../codecs/jpeg/codec.ts";
import { APNG, PNG } from "../codecs/png/codec.ts";
import { PSD } from "../codecs/psd/codec.ts";
import { QOI } from "../codecs/qoi/codec.ts";
import { RAW } from "../codecs/raw/codec.ts";
import { TGA } from "../codecs/tga/codec.ts";
import { TIFF } from "../codecs/tiff/codec.ts";
import { WEBP } from "../codecs/webp/codec.ts";

export const IMAGES_CODECS = {
  jpg: JPEG,
  png: PNG,
  apng: APNG,
  webp: WEBP,
  gif: GIF,
  bmp: BMP,
  tiff: TIFF,
  raw: RAW,
  ico: ICO,
  psd: PSD,
  qoi: QOI,
  hdr: HDR,
  exr: EXR,
  tga: TGA,
} as const satisfies Codecs<FormatsOf<"images">>;
