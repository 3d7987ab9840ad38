import type { Codec } from "../codec.ts";
import { openJp2 } from "./source.ts";

export const JP2: Pick<Codec, "open"> = { open: openJp2 };
