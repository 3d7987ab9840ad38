import type { Codec } from "../codec.ts";
import { openRaw } from "./source.ts";

export const RAW: Pick<Codec, "open"> = { open: openRaw };
