/** HEVCDecoderConfigurationRecord: ISO/IEC 14496-15, section 8.3.3.1. */
import { Cursor } from "../isobmff/boxes.ts";
import { damaged } from "../isobmff/failures.ts";
import type { SampleLayout } from "../isobmff/tiles.ts";

export interface HevcConfiguration {
  samples: SampleLayout;
  /** Bytes that say how long a NAL unit is. */
  lengthBytes: number;
  /** NAL units that come before the picture's: parameter sets. */
  before: Uint8Array[];
}

/** By chroma_format_idc. */
const CHROMA: readonly SampleLayout["chroma"][] = [0, 420, 422, 444];
const MAX_UNITS = 64;

/** @throws AppError invalid_image */
export function readConfiguration(bytes: Uint8Array): HevcConfiguration {
  const cursor = new Cursor(bytes);
  if (cursor.u8() !== 1) throw damaged("The HEVC picture's configuration is damaged.");
  cursor.skip(15);
  const chroma = CHROMA[cursor.u8() & 3] ?? 420;
  const bits = 8 + (cursor.u8() & 7);
  cursor.skip(3);
  const lengthBytes = (cursor.u8() & 3) + 1;
  const before: Uint8Array[] = [];
  const arrays = cursor.u8();
  for (let i = 0; i < arrays; i++) {
    cursor.u8();
    const units = cursor.u16();
    for (let k = 0; k < units; k++) {
      const length = cursor.u16();
      const start = cursor.skip(length);
      if (before.push(bytes.subarray(start, start + length)) > MAX_UNITS) throw damaged();
    }
  }
  return { samples: { bits, chroma }, lengthBytes, before };
}

/** The NAL units of coded data, each behind its length. @throws AppError invalid_image */
export function* splitUnits(data: Uint8Array, lengthBytes: number): Generator<Uint8Array> {
  for (let offset = 0; offset < data.length;) {
    let length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (data[offset + i] ?? 0);
    offset += lengthBytes;
    if (offset + length > data.length) throw damaged("The HEVC data are damaged.");
    yield data.subarray(offset, offset + length);
    offset += length;
  }
}
