/** Sizes that hosts of the PNG kernels (assembly/png-filter.ts, png-expand.ts) must respect. */
import { align } from "./engine.ts";

/** Room behind every buffer: the kernels read and write whole vectors past ends. */
export const SLACK_BYTES = 32;

/** Zero bytes before a row of `pngFilter`'s work memory: the pixels left of the first. */
export const MARGIN_BYTES = 16;

/** Filters of `pngFilter`: 0 to 4 as in the file, or each row's own. */
export const FILTERS = { none: 0, sub: 1, up: 2, average: 3, paeth: 4, choose: 5 } as const;

/** What the arena gives for a buffer of the kernels. */
export const kernelBufferBytes = (bytes: number): number => align(bytes + SLACK_BYTES);
