/** The Quite OK Image format (qoiformat.org, specification 1.0): what both directions share. */
import { AppError } from "../../errors.ts";

export const HEADER_BYTES = 14;
export const INDEX_SIZE = 64;
export const MAX_RUN = 62;
/** What ends a file. */
export const END = [0, 0, 0, 0, 0, 0, 0, 1] as const;

/** Operations of a whole byte. */
export const RGB = 0xfe;
export const RGBA = 0xff;
/** Operations of two bits. */
export const INDEX = 0x00;
export const DIFF = 0x40;
export const LUMA = 0x80;
export const RUN = 0xc0;
export const OPERATION = 0xc0;

/** Where a colour is kept. */
export const hash = (red: number, green: number, blue: number, alpha: number): number =>
  (red * 3 + green * 5 + blue * 7 + alpha * 11) % INDEX_SIZE;

export const damaged = (message: string): AppError => new AppError("invalid_image", message);

export const truncated = (): AppError =>
  new AppError("truncated_image", "The QOI ends before its picture does.");
