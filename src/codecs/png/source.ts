import type { ByteSource } from "../../pipeline/bytes.ts";
import { stripsOfFrame } from "../../pipeline/frame.ts";
import type { Source } from "../../pipeline/picture.ts";
import { toAnimation } from "./animate.ts";
import { readMovie } from "./animation-header.ts";
import { decodeMemory, startDecode } from "./decode.ts";
import { readHeader, type PngHeader } from "./header.ts";
import { interlacedMemory, startInterlaced } from "./interlaced.ts";
import { describeLayout, type Layout } from "./layout.ts";
import { passesMemory, startPasses } from "./passes.ts";

/** @throws AppError invalid_image, truncated_image */
export const openPng = (source: ByteSource): Promise<Source> => open(source, chooseInterlaced);

/** Interlaced pictures of any size as large ones are decoded: for tests of that. */
export const openPngByPasses = (source: ByteSource): Promise<Source> =>
  open(source, () => BY_PASSES);

async function open(source: ByteSource, choose: typeof chooseInterlaced): Promise<Source> {
  const header = await readHeader(source);
  const movie = header.moves ? await readMovie(source, header) : null;
  const moves = movie !== null && movie.count > 1;
  const animation = moves ? toAnimation(source, header, movie) : null;
  // Whether the first frame is the picture that every program shows.
  const isShown = !moves || movie.frames[0]?.imageData.type === "IDAT";
  const layout = describeLayout(header);
  const { width, height, depth, orientation, warnings } = header;
  const { icc } = layout;
  const channels = isShown ? layout.channels : 4;
  const decoder = header.interlaced ? choose(source, header, layout) : BY_ROWS;
  return {
    format: "png",
    ...{ width, height, channels, icc, depth, orientation, warnings },
    metadata: { ...header.metadata, icc },
    frames: moves ? movie.count : 1,
    ...(animation && { animation }),
    pages: 1,
    scales: [1],
    memory: (plan) =>
      animation && !isShown ? animation.memory(plan) : decoder.memory(source, header, layout),
    async picture(plan, workspace) {
      const strips =
        animation && !isShown
          ? stripsOfFrame(animation.frames(plan, workspace), 1)
          : await decoder.start(source, header, layout, workspace);
      return { width, height, channels, icc, strips };
    },
  };
}

const BY_ROWS = {
  memory: (_: ByteSource, header: PngHeader, layout: Layout) => decodeMemory(header, layout),
  start: startDecode,
};
const BY_PASSES = {
  memory: (_: ByteSource, header: PngHeader, layout: Layout) => passesMemory(header, layout),
  start: startPasses,
};
const AS_A_WHOLE = { memory: interlacedMemory, start: startInterlaced };

/** As a whole, and so inflated once, where that takes no more memory. */
function chooseInterlaced(source: ByteSource, header: PngHeader, layout: Layout) {
  const whole = interlacedMemory(source, header, layout);
  return whole <= passesMemory(header, layout) ? AS_A_WHOLE : BY_PASSES;
}
