import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Source, Warning } from "../../pipeline/picture.ts";
import { readHeader } from "./header.ts";
import { describeLayout } from "./layout.ts";
import { checkLength, readRows, rowsMemory } from "./rows.ts";
import { readRunLengths, runLengthMemory } from "./run-lengths.ts";

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openBmp(bytes: ByteSource): Promise<Source> {
  const header = await readHeader(bytes);
  const layout = describeLayout(header);
  const { width, height, icc, runLength } = header;
  const { channels, depth } = layout;
  if (!runLength) checkLength(bytes, header, layout);
  const [memory, read] = runLength ? [runLengthMemory, readRunLengths] : [rowsMemory, readRows];
  return {
    format: "bmp",
    ...{ width, height, channels, icc, depth },
    orientation: 1,
    metadata: { icc, exif: null, xmp: null },
    frames: 1,
    pages: 1,
    warnings: depth > 8 ? [REDUCED] : [],
    scales: [1],
    memory: () => memory(header, layout),
    picture: (_plan, workspace) =>
      Promise.resolve({
        ...{ width, height, channels, icc },
        strips: read(bytes, header, layout, workspace),
      }),
  };
}

const REDUCED: Warning = {
  code: "reduced_to_8_bit",
  message: "The picture has more than 8 bits a sample and was reduced to 8.",
};
