/** A JPEG XL file as a source. Container and headers are read here; pixels are jxl-oxide's. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { PictureInfo, Source } from "../../pipeline/picture.ts";
import type { OpenContext } from "../codec.ts";
import { REDUCED_TO_8_BIT } from "../reduced-to-8-bit.ts";
import { readColours } from "./colours.ts";
import { readFile, readHead } from "./container.ts";
import {
  countFrames,
  decodeFrames,
  decoderBytes,
  decodeStrips,
  stripBytes,
  type Opened,
} from "./decode.ts";
import { unsupported } from "./failures.ts";
import { HEADER_BYTES, readHeader, type JxlHeader } from "./header.ts";
import { checkDepth, layoutOf } from "./samples.ts";

/** @throws AppError invalid_image, truncated_image, unsupported_feature, memory_limit */
export async function openJxl(bytes: ByteSource, { gate }: OpenContext): Promise<Source> {
  const file = await readFile(bytes);
  const header = readHeader(await readHead(file, HEADER_BYTES));
  checkHeader(header);
  const { width, height, orientation, depth } = header;
  const { icc, forcesSrgb, warnings } = await readColours(file, header, gate);
  const opened: Opened = { file, header, forcesSrgb };
  const info: PictureInfo = { width, height, channels: layoutOf(header).channels, icc };
  const frames = header.animation ? await countFrames(opened, gate) : 1;
  const animation = {
    plays: header.animation?.plays ?? 0,
    colours: null,
    memory: () => decoderBytes(opened, frames) + stripBytes({ ...info, channels: 4 }),
    frames: (_plan: unknown, workspace: Workspace) => decodeFrames(opened, frames, icc, workspace),
  };
  return {
    format: "jxl",
    ...info,
    ...{ depth: depth.bits, orientation, frames, pages: 1, scales: [1] },
    metadata: { ...file.metadata, icc },
    ...(frames > 1 ? { animation } : {}),
    warnings: depth.bits > 8 ? [...warnings, REDUCED_TO_8_BIT] : warnings,
    memory: () => decoderBytes(opened) + stripBytes(info),
    picture: (_plan, workspace) =>
      Promise.resolve({ ...info, strips: decodeStrips(opened, workspace) }),
  };
}

/** @throws AppError unsupported_feature */
function checkHeader({ extraChannels, depth }: JxlHeader): void {
  if (extraChannels.some(({ kind }) => kind === "black")) {
    throw unsupported("cmyk", "JPEG XL files of inks cannot be read here.");
  }
  checkDepth(depth);
  for (const channel of extraChannels) checkDepth(channel.depth);
}
