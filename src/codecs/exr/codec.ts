import type { Codec } from "../codec.ts";
import { openExr } from "./decode.ts";

export const EXR: Pick<Codec, "open"> = { open: openExr };
