/** WebP to strips with our own kernels: neither lossy nor lossless pictures are ever whole. */
import { readOrientation } from "../../metadata/exif.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Source } from "../../pipeline/picture.ts";
import { readHeader } from "./header.ts";
import { decodeLossless, planLossless } from "./lossless.ts";
import { decodeLossy, planLossy } from "./lossy.ts";

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openWebp(bytes: ByteSource): Promise<Source> {
  const { image, metadata, warnings } = await readHeader(bytes);
  const { width, height } = image;
  const lossy = "frame" in image;
  const channels = lossy ? (image.alpha ? 4 : 3) : image.channels;
  const info = { width, height, channels, icc: metadata.icc } as const;
  return {
    format: "webp",
    ...info,
    depth: 8,
    orientation: metadata.exif ? readOrientation(metadata.exif) : 1,
    metadata,
    frames: 1,
    pages: 1,
    warnings,
    scales: [1],
    memory: () => (lossy ? planLossy(image) : planLossless(image)),
    picture: async (_index, _plan, workspace) => ({
      ...info,
      strips: lossy
        ? await decodeLossy(bytes, image, workspace)
        : await decodeLossless(bytes, image, workspace),
    }),
  };
}
