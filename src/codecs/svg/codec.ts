import type { Codec } from "../codec.ts";
import { openSvg } from "./source.ts";

export const SVG: Pick<Codec, "open"> = { open: openSvg };
