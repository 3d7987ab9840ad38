/** The structures of JPEG files that our decoder reads. */
import type { JpegShape } from "./jpeg-writer.ts";

export type Shape = Pick<JpegShape, "factors" | "scans" | "transform">;

export const SHAPES: Record<string, Shape> = {
  gray: { factors: [[1, 1]] },
  "gray with sampling factors": { factors: [[2, 2]] },
  "4:4:4": { factors: [[1, 1], [1, 1], [1, 1]] }, // prettier-ignore
  "4:2:2": { factors: [[2, 1], [1, 1], [1, 1]] }, // prettier-ignore
  "4:4:0": { factors: [[1, 2], [1, 1], [1, 1]] }, // prettier-ignore
  "4:2:0": { factors: [[2, 2], [1, 1], [1, 1]] }, // prettier-ignore
  "4:1:1": { factors: [[4, 1], [1, 1], [1, 1]] }, // prettier-ignore
  "4:1:0": { factors: [[4, 2], [1, 1], [1, 1]] }, // prettier-ignore
  "chroma of different sampling": { factors: [[2, 2], [2, 1], [1, 2]] }, // prettier-ignore
  "more chroma than luma": { factors: [[1, 1], [2, 2], [1, 1]] }, // prettier-ignore
  RGB: { factors: [[1, 1], [1, 1], [1, 1]], transform: 0 }, // prettier-ignore
  "RGB 4:2:0": { factors: [[2, 2], [1, 1], [1, 1]], transform: 0 }, // prettier-ignore
  CMYK: { factors: [[1, 1], [1, 1], [1, 1], [1, 1]] }, // prettier-ignore
  "CMYK of different sampling": { factors: [[2, 2], [1, 1], [1, 2], [2, 1]] }, // prettier-ignore
  "Adobe's CMYK": { factors: [[1, 1], [1, 1], [1, 1], [1, 1]], transform: 0 }, // prettier-ignore
  YCCK: { factors: [[1, 1], [1, 1], [1, 1], [1, 1]], transform: 2 }, // prettier-ignore
  "YCCK 4:2:0": { factors: [[2, 2], [1, 1], [1, 1], [2, 2]], transform: 2 }, // prettier-ignore
  "YCCK 4:1:1, a scan a component": { factors: [[4, 1], [1, 1], [1, 1], [4, 1]], transform: 2, scans: [[0], [1], [2], [3]] }, // prettier-ignore
  "a scan a component": { factors: [[2, 2], [1, 1], [1, 1]], scans: [[0], [1], [2]] }, // prettier-ignore
  "luma, then chroma": { factors: [[2, 1], [1, 1], [1, 1]], scans: [[0], [1, 2]] }, // prettier-ignore
};
