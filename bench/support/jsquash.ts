/** The same jobs with the @jsquash packages as they ship: their API, their defaults, whole images. */
import decodeJpeg, { init as initJpegDecode } from "@jsquash/jpeg/decode.js";
import encodeJpeg, { init as initJpegEncode } from "@jsquash/jpeg/encode.js";
import jpegDecoder from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
import jpegEncoder from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm";
import decodePng, { init as initPngDecode } from "@jsquash/png/decode.js";
import encodePng, { init as initPngEncode } from "@jsquash/png/encode.js";
import pngModule from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm?module";
import resize, { initResize } from "@jsquash/resize";
import resizeModule from "@jsquash/resize/lib/resize/pkg/squoosh_resize_bg.wasm?module";
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
    initWebpEncode(webpEncoder),
  ]);
  return ready;
}

/** @param options `format`, `quality`, and `width` to shrink to, as the pipeline takes them */
export async function runJsquash(
  input: Uint8Array,
  options: Record<string, unknown>,
): Promise<Uint8Array> {
  await start();
  const bytes = input.slice().buffer;
  let image: Image = input[0] === 0xff ? await decodeJpeg(bytes) : await decodePng(bytes);
  const width = options["width"] as number | undefined;
  if (width) {
    const height = Math.round((image.height * width) / image.width);
    image = await resize(image, { width, height });
  }
  const quality = options["quality"] as number;
  switch (options["format"]) {
    case "jpg":
      return new Uint8Array(await encodeJpeg(image, { quality }));
    case "webp":
      return new Uint8Array(await encodeWebp(image, { quality }));
    default:
      return new Uint8Array(await encodePng(image));
  }
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
