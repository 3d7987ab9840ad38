/** Blocks of samples as they were before they were compressed (OpenEXR technical introduction). */
import { inflateSync } from "node:zlib";
import { expandB44 } from "./b44.ts";
import { damaged } from "./failures.ts";
import { SAMPLE_TYPES, type Compression } from "./header.ts";
import { sampleBytes, type BlockLayout } from "./layout.ts";
import { expandPiz } from "./piz.ts";

/**
 * Writes the samples to `target`, which is as long as they are, by way of `scratch`, which is, too.
 * @throws AppError invalid_image
 */
type Expand = (
  coded: Uint8Array,
  target: Uint8Array,
  scratch: Uint8Array,
  layout: BlockLayout,
) => void;

const EXPANDS: Readonly<Record<Compression["name"], Expand>> = {
  none: () => {
    throw damaged();
  },
  rle: (coded, target, scratch) => {
    expandRuns(coded, scratch);
    undoDifferences(scratch, target);
  },
  zips: (coded, target) => undoDifferences(inflate(coded, target.length), target),
  zip: (coded, target) => undoDifferences(inflate(coded, target.length), target),
  piz: expandPiz,
  pxr24: expandPxr24,
  b44: expandB44,
};

/**
 * @param buffers two, each as long as the largest block
 * @returns the samples: in the first of them, or `coded` where that is what they are
 * @throws AppError invalid_image
 */
export function expand(
  coded: Uint8Array,
  buffers: readonly [Uint8Array, Uint8Array],
  layout: BlockLayout,
  { name }: Compression,
): Uint8Array {
  const { bytes } = layout;
  // What would not have become smaller was left as it is.
  if (coded.length === bytes) return coded;
  if (coded.length > bytes) throw damaged();
  const [target, scratch] = buffers;
  EXPANDS[name](coded, target.subarray(0, bytes), scratch.subarray(0, bytes), layout);
  return target;
}

function inflate(coded: Uint8Array, wantedBytes: number): Uint8Array {
  const bytes = inflateBounded(coded, wantedBytes);
  if (bytes.length !== wantedBytes) throw damaged();
  return bytes;
}

/** A buffer that is filled to its end is taken for one that is too small, and so is followed by another. */
const SLACK_BYTES = 64;

function inflateBounded(coded: Uint8Array, maxBytes: number): Uint8Array {
  const chunkSize = maxBytes + SLACK_BYTES;
  try {
    return inflateSync(coded, { chunkSize, maxOutputLength: 2 * chunkSize });
  } catch {
    throw damaged();
  }
}

/** Each head is a number of bytes, negative, or how often more the next comes. */
function expandRuns(coded: Uint8Array, bytes: Uint8Array): void {
  let to = 0;
  for (let at = 0; at < coded.length;) {
    const head = ((coded[at++] as number) << 24) >> 24;
    const count = head < 0 ? -head : head + 1;
    const isOver = to + count > bytes.length || at + (head < 0 ? count : 1) > coded.length;
    if (isOver) throw damaged();
    if (head < 0) bytes.set(coded.subarray(at, at + count), to);
    else bytes.fill(coded[at] as number, to, to + count);
    at += head < 0 ? count : 1;
    to += count;
  }
  if (to !== bytes.length) throw damaged();
}

/** Bytes are stored as differences, all at even places before all at odd ones. */
function undoDifferences(bytes: Uint8Array, target: Uint8Array): void {
  const half = Math.ceil(bytes.length / 2);
  let value = 128;
  for (let i = 0; i < bytes.length; i++) {
    value = (value + (bytes[i] as number) - 128) & 255;
    target[i < half ? i * 2 : (i - half) * 2 + 1] = value;
  }
}

/** Bytes of a sample that are stored; floats lose their last. */
const PXR24_BYTES = { [SAMPLE_TYPES.integer]: 4, [SAMPLE_TYPES.half]: 2, [SAMPLE_TYPES.float]: 3 };

/** Of each run all first bytes of its differences, all second ones … */
function expandPxr24(
  coded: Uint8Array,
  target: Uint8Array,
  _scratch: Uint8Array,
  { lines }: BlockLayout,
): void {
  const bytes = inflateBounded(coded, target.length);
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  let at = 0;
  for (const { channel, count, start } of lines.flat()) {
    const stored = PXR24_BYTES[channel.type];
    const size = sampleBytes(channel);
    if (at + stored * count > bytes.length) throw damaged();
    let value = 0;
    for (let i = 0; i < count; i++) {
      let difference = 0;
      for (let plane = 0; plane < stored; plane++) {
        difference = (difference << 8) | (bytes[at + plane * count + i] as number);
      }
      value = (value + (channel.type === SAMPLE_TYPES.float ? difference << 8 : difference)) | 0;
      if (size === 2) view.setUint16(start + i * 2, value & 0xffff, true);
      else view.setUint32(start + i * 4, value >>> 0, true);
    }
    at += stored * count;
  }
  if (at !== bytes.length) throw damaged();
}
