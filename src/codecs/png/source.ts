import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Source } from "../../pipeline/picture.ts";
import { decodeMemory, startDecode } from "./decode.ts";
import { readHeader } from "./header.ts";
import { interlacedMemory, startInterlaced } from "./interlaced.ts";
import { describeLayout } from "./layout.ts";

/** @throws AppError invalid_image, truncated_image */
export async function openPng(source: ByteSource): Promise<Source> {
  const header = await readHeader(source);
  const layout = describeLayout(header);
  const { width, height, depth, orientation, warnings } = header;
  const { channels, icc } = layout;
  return {
    format: "png",
    ...{ width, height, channels, icc, depth, orientation, warnings },
    metadata: { ...header.metadata, icc },
    frames: 1,
    pages: 1,
    scales: [1],
    memory: () =>
      header.interlaced ? interlacedMemory(source, header, layout) : decodeMemory(header, layout),
    async picture(_index, _plan, workspace) {
      const start = header.interlaced ? startInterlaced : startDecode;
      const strips = await start(source, header, layout, workspace);
      return { width, height, channels, icc, strips };
    },
  };
}
