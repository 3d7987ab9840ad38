import type { Codec } from "../codec.ts";
import { webpEncoder } from "./encoder.ts";
import { openWebp } from "./source.ts";

export const WEBP: Codec = { open: openWebp, encoder: webpEncoder };
