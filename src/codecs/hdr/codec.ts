import type { Codec } from "../codec.ts";
import { openHdr } from "./decode.ts";

export const HDR: Pick<Codec, "open"> = { open: openHdr };
