/** WebP to strips with our own kernels: neither lossy nor lossless pictures are ever whole. */
import { readOrientation } from "../../metadata/exif.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import { stripsOfFrame } from "../../pipeline/frame.ts";
import type { Source } from "../../pipeline/picture.ts";
import { channelsOf, decodePicture, planPicture, toAnimation } from "./animate.ts";
import { readHeader } from "./header.ts";

/** @throws AppError invalid_image, truncated_image */
export async function openWebp(bytes: ByteSource): Promise<Source> {
  const { image, movie, metadata, warnings } = await readHeader(bytes);
  const { icc } = metadata;
  const animation = movie && toAnimation(bytes, movie, icc);
  // Whether nothing but the first frame is seen at first.
  const isCanvas = !movie || (image.width === movie.width && image.height === movie.height);
  const { width, height } = movie ?? image;
  const info = { width, height, channels: isCanvas ? channelsOf(image) : 4, icc } as const;
  return {
    format: "webp",
    ...info,
    depth: 8,
    orientation: metadata.exif ? readOrientation(metadata.exif) : 1,
    metadata,
    frames: movie?.count ?? 1,
    ...(animation && movie.count > 1 ? { animation } : {}),
    pages: 1,
    warnings,
    scales: [1],
    memory: (plan) => (animation && !isCanvas ? animation.memory(plan) : planPicture(image)),
    picture: async (plan, workspace) => ({
      ...info,
      strips:
        animation && !isCanvas
          ? stripsOfFrame(animation.frames(plan, workspace), 1)
          : await decodePicture(bytes, image, workspace),
    }),
  };
}
