/** The same jobs with the @jsquash packages as they ship: their API, their defaults, whole images. */
import { defaultOptions as avifDefaults } from "@jsquash/avif/meta.js";
import createAvifEncoder from "@jsquash/avif/codec/enc/avif_enc.js";
import avifEncoder from "@jsquash/avif/codec/enc/avif_enc.wasm";
import decodeJpeg, { init as initJpegDecode } from "@jsquash/jpeg/decode.js";
import encodeJpeg, { init as initJpegEncode } from "@jsquash/jpeg/encode.js";
import jpegDecoder from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
import jpegEncoder from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm";
import decodePng, { init as initPngDecode } from "@jsquash/png/decode.js";
import encodePng, { init as initPngEncode } from "@jsquash/png/encode.js";
import pngModule from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm?module";
import resize, { initResize } from "@jsquash/resize";
import resizeModule from "@jsquash/resize/lib/resize/pkg/squoosh_resize_bg.wasm?module";
import decodeWebp, { init as initWebpDecode } from "@jsquash/webp/decode.js";
import webpDecoder from "@jsquash/webp/codec/dec/webp_dec.wasm";
import { startEmscripten, type EmscriptenFactory } from "../../src/codecs/emscripten.ts";
import encodeWebp, { init as initWebpEncode } from "@jsquash/webp/encode.js";
import webpEncoder from "@jsquash/webp/codec/enc/webp_enc_simd.wasm";

/** The packages expect a browser's ImageData. */
class ImageDataShim {
  readonly colorSpace = "srgb";
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
}
(globalThis as { ImageData?: unknown }).ImageData ??= ImageDataShim;

type Image = Awaited<ReturnType<typeof decodeJpeg>>;

let ready: Promise<unknown> | undefined;

function start(): Promise<unknown> {
  ready ??= Promise.all([
    initJpegDecode(jpegDecoder),
    initJpegEncode(jpegEncoder),
    initPngDecode(pngModule),
    initPngEncode(pngModule),
    initResize(resizeModule),
    initWebpDecode(webpDecoder),
    initWebpEncode(webpEncoder),
  ]);
  return ready;
}

type Options = Record<string, unknown>;

/** @param options `format`, `quality`, and `width` to shrink to, as the pipeline takes them */
export async function runJsquash(input: Uint8Array, options: Options): Promise<Uint8Array> {
  await start();
  return await encode(await shrink(await decode(input), options["width"]), options);
}

/** A file's pixels, RGBA. */
export async function decodeJsquash(input: Uint8Array): Promise<Uint8ClampedArray> {
  await start();
  return (await decode(input)).data;
}

/** @param pixels RGBA, of the size in `options.picture` */
export async function encodeJsquash(pixels: Uint8Array, options: Options): Promise<Uint8Array> {
  await start();
  return await encode(toImage(pixels, options["picture"] as Size), options);
}

/** @param pixels RGBA, of the size in `options.input`; shrunk to that in `options.full` */
export async function resampleJsquash(
  pixels: Uint8Array,
  options: Options,
): Promise<Uint8ClampedArray> {
  await start();
  const { width } = options["full"] as Size;
  return (await shrink(toImage(pixels, options["input"] as Size), width)).data;
}

interface Size {
  width: number;
  height: number;
}

const toImage = (pixels: Uint8Array, { width, height }: Size): Image =>
  new ImageDataShim(new Uint8ClampedArray(pixels.buffer as ArrayBuffer), width, height) as Image;

async function decode(input: Uint8Array): Promise<Image> {
  const bytes = input.slice().buffer;
  if (input[0] === 0xff) return await decodeJpeg(bytes);
  return input[0] === 0x52 ? await decodeWebp(bytes) : await decodePng(bytes);
}

async function shrink(image: Image, width: unknown): Promise<Image> {
  if (typeof width !== "number") return image;
  const height = Math.round((image.height * width) / image.width);
  return await resize(image, { width, height });
}

async function encode(image: Image, options: Options): Promise<Uint8Array> {
  const quality = (options["quality"] as number | undefined) ?? 80;
  switch (options["format"]) {
    case "jpg":
      return new Uint8Array(await encodeJpeg(image, { quality }));
    case "avif":
      return await encodeAvif(image, quality);
    case "webp":
      return new Uint8Array(await encodeWebp(image, { quality }));
    default:
      return new Uint8Array(await encodePng(image));
  }
}

interface AvifEncoder {
  encode(rgba: Uint8Array, width: number, height: number, options: object): Uint8Array;
}

let avif: ReturnType<typeof startEmscripten<AvifEncoder>> | undefined;

/** As the package's own function does, which looks for threads first. */
async function encodeAvif({ data, width, height }: Image, quality: number): Promise<Uint8Array> {
  const factory = createAvifEncoder as unknown as EmscriptenFactory<AvifEncoder>;
  const { api } = await (avif ??= startEmscripten(factory, avifEncoder, "P"));
  const rgba = new Uint8Array(data.buffer);
  return api.encode(rgba, width, height, { ...avifDefaults, quality }).slice();
}

/** The concatenated IDAT payloads of a PNG. */
export function readPngData(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 8; at < file.length; at += 12 + view.getUint32(at)) {
    const type = view.getUint32(at + 4);
    if (type === 0x49444154) parts.push(file.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const data = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return data;
}
