import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Source } from "../../pipeline/picture.ts";
import { animationMemory, playFrames } from "./animate.ts";
import { decodeMemory, decodeStrips, deliveredChannels } from "./decode.ts";
import { readHeader } from "./header.ts";

/** @throws AppError invalid_image, truncated_image */
export async function openGif(bytes: ByteSource): Promise<Source> {
  const header = await readHeader(bytes);
  const { width, height, icc, frames, plays, colours } = header;
  const info = { width, height, channels: deliveredChannels(header), icc };
  const animation = {
    plays,
    colours,
    memory: () => animationMemory(bytes, header),
    frames: (_plan: unknown, workspace: Workspace) => playFrames(bytes, header, workspace),
  };
  return {
    format: "gif",
    ...info,
    depth: 8,
    orientation: 1,
    metadata: { icc, exif: null, xmp: null },
    frames,
    pages: 1,
    ...(frames > 1 ? { animation } : {}),
    warnings: [],
    scales: [1],
    memory: () => decodeMemory(bytes, header),
    picture: (_plan, workspace) =>
      Promise.resolve({ ...info, strips: decodeStrips(bytes, header, workspace) }),
  };
}
