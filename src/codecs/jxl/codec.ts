import type { Codec } from "../codec.ts";
import { openJxl } from "./source.ts";

export const JXL: Pick<Codec, "open"> = { open: openJxl };
