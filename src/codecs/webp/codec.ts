import type { Codec } from "../codec.ts";
import { openWebp } from "./decoder.ts";
import { webpEncoder } from "./encoder.ts";

export const WEBP: Codec = { open: openWebp, encoder: webpEncoder };
