/**
 * WebP to strips: opaque lossy pictures by our own kernel; of others libwebp decodes the whole
 * picture, and strips are views of its memory.
 */
import { MIB } from "../../limits.ts";
import { readOrientation } from "../../metadata/exif.ts";
import { readAll, type ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import {
  STRIP_ROWS,
  type Picture,
  type PictureInfo,
  type Source,
  type Strip,
} from "../../pipeline/picture.ts";
import { damaged } from "./failures.ts";
import { readHeader, type WebpHeader } from "./header.ts";
import { decodeLossy, planLossy } from "./lossy.ts";
import { LIBWEBP_BASE_BYTES, WEBP_DECODER, type Libwebp, type Region } from "./libwebp.ts";

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openWebp(bytes: ByteSource): Promise<Source> {
  const header = await readHeader(bytes);
  const { width, height, metadata, warnings, frame, alpha } = header;
  const info = { width, height, channels: alpha ? 4 : 3, icc: metadata.icc } as const;
  const opaque = frame && !alpha ? { width, height, frame } : null;
  const memoryBytes = opaque ? planLossy(opaque) : planWhole(header, bytes.size);
  return {
    format: "webp",
    ...info,
    depth: 8,
    orientation: metadata.exif ? readOrientation(metadata.exif) : 1,
    metadata,
    frames: 1,
    warnings,
    scales: [1],
    memory: () => memoryBytes,
    picture: async (_index, _plan, workspace) => ({
      ...info,
      strips: opaque
        ? await decodeLossy(bytes, opaque, workspace)
        : await decodeWhole(bytes, info, memoryBytes, workspace),
    }),
  };
}

/**
 * Bytes of libwebp's memory, an upper bound. Beside the file and 4 bytes a pixel of RGBA, lossless
 * pictures are kept a second time as ARGB; transparency beside a lossy picture is a byte a pixel
 * and, while it is decoded, up to four more. Lossy pictures need some rows, lossless ones code
 * tables; the latter only a hostile file makes larger than this.
 */
function planWhole(header: WebpHeader, fileBytes: number): number {
  const { width, height, frame, alpha } = header;
  const lossless = !frame;
  const perPixel = lossless ? 8 : alpha ? 9 : 4;
  const rows = 256 * width;
  const tables = lossless || alpha ? 4 * MIB : 2 * MIB;
  return Math.max(LIBWEBP_BASE_BYTES, width * height * perPixel + rows + fileBytes + tables);
}

async function decodeWhole(
  bytes: ByteSource,
  info: PictureInfo,
  memoryBytes: number,
  workspace: Workspace,
): Promise<Picture["strips"]> {
  const libwebp = await workspace.take(WEBP_DECODER, memoryBytes);
  libwebp.begin(memoryBytes);
  const file = libwebp.allocate(bytes.size);
  await readAll(bytes, (offset, chunk) => libwebp.heap.set(chunk, file + offset));
  const pixels = run(libwebp, { pointer: file, bytes: bytes.size });
  return cutStrips(libwebp, pixels.pointer, info);
}

function run(libwebp: Libwebp, file: Region): Region {
  let pixels: Region | null;
  try {
    pixels = libwebp.run(file);
  } catch (cause) {
    throw damaged(cause);
  }
  if (pixels) return pixels;
  if (libwebp.ranOut) throw libwebp.outOfMemory();
  throw damaged();
}

// Async only in form: strips are pulled, and nothing here waits.
async function* cutStrips(
  libwebp: Libwebp,
  pixels: number,
  { width, height, channels }: PictureInfo,
): AsyncGenerator<Strip> {
  const rowBytes = width * 4;
  for (let y = 0; y < height; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - y);
    const data = libwebp.heap.subarray(pixels + y * rowBytes, pixels + (y + rows) * rowBytes);
    yield { y, rows, data: channels === 4 ? data : dropAlpha(data) };
  }
}

/** RGBA to RGB in place; 4 pixels at a time, as words. */
function dropAlpha(data: Uint8Array): Uint8Array {
  const pixels = data.length / 4;
  const words = new Uint32Array(data.buffer, data.byteOffset, pixels);
  const whole = pixels & ~3;
  for (let i = 0, o = 0; i < whole; i += 4, o += 3) {
    const a = words[i] as number;
    const b = words[i + 1] as number;
    const c = words[i + 2] as number;
    const d = words[i + 3] as number;
    words[o] = (a & 0xffffff) | (b << 24);
    words[o + 1] = ((b >>> 8) & 0xffff) | (c << 16);
    words[o + 2] = ((c >>> 16) & 0xff) | (d << 8);
  }
  for (let i = whole; i < pixels; i++) data.copyWithin(i * 3, i * 4, i * 4 + 3);
  return data.subarray(0, pixels * 3);
}
