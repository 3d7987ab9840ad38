import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Source, Warning } from "../../pipeline/picture.ts";
import { decodeMemory, decodeStrips, deliveredChannels } from "./decode.ts";
import { readHeader } from "./header.ts";

/**
 * Whether the file is an animation is known only at its end: the warning comes while it is decoded.
 * @throws AppError invalid_image, truncated_image
 */
export async function openGif(bytes: ByteSource): Promise<Source> {
  const header = await readHeader(bytes);
  const { width, height, icc } = header;
  const channels = deliveredChannels(header);
  const warnings: Warning[] = [];
  return {
    format: "gif",
    ...{ width, height, channels, icc },
    depth: 8,
    orientation: 1,
    metadata: { icc, exif: null, xmp: null },
    frames: 1,
    pages: 1,
    warnings,
    scales: [1],
    memory: () => decodeMemory(bytes, header),
    picture: (_index, _plan, workspace) =>
      Promise.resolve({
        ...{ width, height, channels, icc },
        strips: decodeStrips(bytes, header, workspace, (frames) => {
          if (frames > 1 && warnings.length === 0) warnings.push(firstOf(frames));
        }),
      }),
  };
}

const firstOf = (frames: number): Warning => ({
  code: "animation_first_frame",
  message: `The picture is an animation of ${frames} frames; its first one was used.`,
});
