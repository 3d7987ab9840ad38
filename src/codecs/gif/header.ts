/** What a GIF says of itself, from its first block to its last. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import { clip } from "../animation/canvas.ts";
import { ColourSet, MAX_COLOURS } from "../palette/colour-set.ts";
import { readBlocks, type Frame } from "./blocks.ts";

/** Each time is a request to the store; frames' data are passed over. */
const WINDOW_BYTES = 256 * 1024;

export interface GifHeader {
  /** Of the picture: the logical screen, made larger where the first frame does not fit in. */
  width: number;
  height: number;
  /** The first. */
  frame: Frame;
  icc: Uint8Array | null;
  /** Where the first frame's image data start, with the size of their codes. */
  dataOffset: number;
  frames: number;
  /** How often the frames are played; 0 is for ever. */
  plays: number;
  /** Of all frames: what the largest takes that is interlaced or not, and of those that are undone. */
  largestFrame: { width: number; height: number };
  restoredPixels: number;
  /** All colours, RGB; null where there are more than 256. */
  colours: Uint8Array | null;
}

/**
 * Walks all blocks, so that a file that ends too early is known before a pixel is decoded.
 * @throws AppError invalid_image, truncated_image
 */
export async function readHeader(source: ByteSource): Promise<GifHeader> {
  const reader = await readBlocks(source, WINDOW_BYTES);
  const frame = await reader.next();
  if (!frame) throw new Error("a GIF's first frame is there or an error");
  const dataOffset = reader.cursor.position;
  const { icc, screen } = reader;
  const width = Math.max(screen.width, frame.rect.x + frame.rect.width);
  const height = Math.max(screen.height, frame.rect.y + frame.rect.height);
  const largestFrame = { width: 0, height: 0 };
  let frames = 0;
  let restoredPixels = 0;
  const colours = new ColourSet();
  for (let next: Frame | null = frame; next; next = await reader.next()) {
    frames++;
    addColours(next, colours);
    largestFrame.width = Math.max(largestFrame.width, next.rect.width);
    largestFrame.height = Math.max(largestFrame.height, next.rect.height);
    if (next.disposal === "restore") {
      const onCanvas = clip(next.rect, { width, height });
      restoredPixels = Math.max(restoredPixels, onCanvas.width * onCanvas.height);
    }
    await reader.skip();
  }
  const { plays } = reader;
  return {
    ...{ width, height, frame, icc, dataOffset, frames, plays, largestFrame, restoredPixels },
    colours: colours.size <= MAX_COLOURS ? colours.sorted().set.colours : null,
  };
}

/** Those of the palette that pixels may have; indices behind its end are black. */
function addColours({ palette, transparentIndex }: Frame, colours: ColourSet): void {
  if (palette.length < 3 * MAX_COLOURS) colours.add(0);
  for (let i = 0; i < palette.length / 3 && colours.size <= MAX_COLOURS; i++) {
    const [red = 0, green = 0, blue = 0] = palette.subarray(i * 3, i * 3 + 3);
    if (i !== transparentIndex) colours.add((red << 16) | (green << 8) | blue);
  }
}
