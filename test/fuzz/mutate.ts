/** Damage to files: anywhere, and where a format's own checks do not stop it at once. */
import { crc32, deflateSync, inflateSync } from "node:zlib";
import type { FormatName } from "../../src/formats.ts";
import { createRandom } from "../support/random.ts";

type Pick = (below: number) => number;

/** Headers and tables are here, where a byte does most. */
const HEAD_BYTES = 700;

/** Values at which arithmetic breaks. */
const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/**
 * Damaged file number `index`, the same every time.
 * @param seeds sound files of the format
 */
export function mutate(format: FormatName, seeds: readonly Buffer[], index: number): Buffer {
  const pick = createRandom(mix(index));
  const seed = seeds[pick(seeds.length)] as Buffer;
  const other = seeds[pick(seeds.length)] as Buffer;
  if (format === "png" && pick(4) > 0) return mutatePng(seed, pick);
  return damage(seed, other, pick);
}

/** Near numbers to distant ones (the finaliser of MurmurHash3). */
function mix(index: number): number {
  let hash = index + 1;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function damage(seed: Buffer, other: Buffer, pick: Pick): Buffer {
  let file = Buffer.from(seed);
  const reach = pick(2) === 0 ? file.length : Math.min(file.length, HEAD_BYTES);
  for (let changes = 1 + pick(6); changes > 0; changes--) {
    const at = pick(reach);
    // Seldom a change of length, which most formats notice at once.
    const kind = pick(32);
    if (kind < 12) file[at] = pick(256);
    else if (kind < 17) file[at] = EDGES[pick(EDGES.length)] ?? 0;
    else if (kind < 23) file[at] = (file[at] ?? 0) ^ (1 << pick(8));
    else if (kind < 26) file.copyWithin(at, pick(file.length), pick(file.length));
    else if (kind < 30) file.subarray(at, at + 1 + pick(8)).fill(EDGES[pick(EDGES.length)] ?? 0);
    else if (kind === 30) file = Buffer.concat([file.subarray(0, at), file.subarray(at + pick(9))]);
    else file = Buffer.concat([file.subarray(0, at), other.subarray(pick(other.length))]);
  }
  // Of a signature that is gone there is nothing to learn.
  seed.copy(file, 0, 0, 4);
  return pick(10) === 0 ? file.subarray(0, pick(file.length)) : file;
}

interface Chunk {
  type: Buffer;
  data: Buffer;
}

/** Chunks whose data are damaged under a right CRC; image data, inside their compression. */
function mutatePng(seed: Buffer, pick: Pick): Buffer {
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= seed.length; at += 12 + seed.readUInt32BE(at)) {
    const type = seed.subarray(at + 4, at + 8);
    chunks.push({ type, data: seed.subarray(at + 8, at + 8 + seed.readUInt32BE(at)) });
  }
  for (let changes = 1 + pick(3); changes > 0; changes--) {
    const at = pick(chunks.length);
    const chunk = chunks[at] as Chunk;
    const kind = pick(10);
    if (kind === 0) chunks.splice(at, 1, ...(pick(2) === 0 ? [] : [chunk, chunk]));
    else if (kind === 1) chunks.splice(pick(chunks.length), 0, ...chunks.splice(at, 1));
    else if (chunk.data.length > 0) chunks[at] = { ...chunk, data: damageChunk(chunk, pick) };
  }
  return Buffer.concat([seed.subarray(0, 8), ...chunks.map(frame)]);
}

function damageChunk({ type, data }: Chunk, pick: Pick): Buffer {
  if (type.toString("latin1") !== "IDAT" || pick(3) === 0) return damage(data, data, pick);
  try {
    return deflateSync(damage(inflateSync(data), data, pick));
  } catch {
    return damage(data, data, pick); // one of several chunks, or damaged before
  }
}

function frame({ type, data }: Chunk): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length);
  type.copy(chunk, 4);
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}
