/** Where the tokens of rows of MCUs are kept, in the engine's memory. */
import { align, type Engine } from "./engine.ts";
import { BLOCK_TOKEN_BYTES } from "./assembly/jpeg-smallest-layout.ts";
import { SAMPLINGS, type Sampling } from "./jpeg-encoder.ts";

/** More than one component's blocks in the widest row take. */
const CHUNK_BYTES = 512 * 1024;
export const DC_BYTES = 2;

export interface TokenStorePlan {
  width: number;
  height: number;
  sampling: Sampling;
  /** At most so much is kept. */
  tokenBytes: number;
}

/** One component's blocks in a row of MCUs: which component, and rows of blocks. */
export interface Part {
  component: number;
  blocks: number;
}

/** By their numbers in the kernel's PARTS. */
export function listParts(width: number, sampling: Sampling): (Part | null)[] {
  const luma = { component: 0, blocks: Math.ceil(width / 8) };
  if (sampling === "gray") return [luma, null, null, null];
  const chroma = Math.ceil(width / SAMPLINGS[sampling].mcuSide);
  const second = sampling === "4:2:0" ? luma : null;
  return [luma, second, { component: 1, blocks: chroma }, { component: 2, blocks: chroma }];
}

export const rowTokenBytes = (parts: readonly (Part | null)[]): number =>
  parts.reduce((sum, part) => sum + align((part?.blocks ?? 0) * BLOCK_TOKEN_BYTES), 0);

/** Where a part of a row is: DC values, then tokens. */
export interface Place {
  component: number;
  start: number;
  tokens: number;
  end: number;
}

/** By part. */
export type Row = readonly (Place | null)[];

/** The chunks that keeping `tokenBytes` takes, or fewer, if the picture cannot need them. */
function countChunks({ width, height, sampling, tokenBytes }: TokenStorePlan): number {
  const rows = Math.ceil(height / SAMPLINGS[sampling].mcuSide);
  const most = rows * rowTokenBytes(listParts(width, sampling));
  return Math.max(1, Math.ceil(Math.min(most, tokenBytes) / CHUNK_BYTES));
}

export const tokenStoreBytes = (plan: TokenStorePlan): number => countChunks(plan) * CHUNK_BYTES;

/** Allocates a chunk whenever one is needed. */
export function createTokenStore(engine: Engine, plan: TokenStorePlan) {
  let free = countChunks(plan);
  let next = 0;
  let end = 0;

  /** Room for `bytes` in one piece, or null. */
  function findRoom(bytes: number): number | null {
    if (next + bytes > end) {
      if (free === 0) return null;
      free--;
      next = engine.allocate(CHUNK_BYTES);
      end = next + CHUNK_BYTES;
    }
    const room = next;
    next += bytes;
    return room;
  }

  function keepPlace({ component, ...place }: Place): Place | null {
    const bytes = place.end - place.start;
    const start = findRoom(bytes);
    if (start === null) return null;
    engine.copy(place.start, start, bytes);
    const tokens = start + place.tokens - place.start;
    return { component, start, tokens, end: start + bytes };
  }

  return {
    /** Copies a row; null if there is no room for it. */
    keep(row: Row): Row | null {
      const kept = row.map((place) => place && keepPlace(place));
      return row.every((place, i) => !place || kept[i]) ? kept : null;
    },
  };
}
