/**
 * How pixels around tell which code a pixel's difference gets: a decision tree that every group says
 * of itself (ISO/IEC 18181-1:2024, annex H). Of each channel there are 25 leaves, by how much the
 * pixels change above and to the left.
 */
import type { BitWriter } from "./bit-writer.ts";
import { ALPHABET, count, createCode, putCodes, putNumber, symbolOf } from "./prefix-codes.ts";

/** Properties of a pixel: its channel; of its neighbours, left less above left, above left less above. */
const CHANNEL = 0;
const LEFT_STEP = 10;
const TOP_STEP = 11;
/** Above these a step is of the next class. */
const STEPS = [-14, -3, 2, 13] as const;
const CLASSES = STEPS.length + 1;
export const LEAVES = CLASSES * CLASSES;
const MIDDLE = 2;

/** Steps of -1023 to 1023, by what is to be added to an index, as classes. */
export const STEP_BIAS = 1024;
export const STEP_CLASSES = Uint8Array.from({ length: 2 * STEP_BIAS }, (_, i) =>
  classOf(i - STEP_BIAS),
);

function classOf(step: number): number {
  return STEPS.findLastIndex((least) => step > least) + 1;
}

/** Classes of steps that are each other's mirror have one code: 13 of a channel. */
export const CODES_A_CHANNEL = (LEAVES + 1) / 2;
export const CODE_OF_LEAF = Uint8Array.from({ length: LEAVES }, (_, leaf) =>
  Math.min(leaf, LEAVES - 1 - leaf),
);

type Node = { leaf: number } | { property: number; above: number; more: Node; less: Node };

/** A tree that finds the class of a property among those from `from` to `to`. */
function classify(
  property: number,
  [from, to]: readonly [number, number],
  next: (found: number) => Node,
): Node {
  if (from === to) return next(from);
  const middle = Math.floor((from + to) / 2);
  return {
    ...{ property, above: STEPS[middle] as number },
    more: classify(property, [middle + 1, to], next),
    less: classify(property, [from, middle], next),
  };
}

function treeOf(channels: number, channel = 0): Node {
  const own = classify(TOP_STEP, [0, CLASSES - 1], (top) =>
    classify(LEFT_STEP, [0, CLASSES - 1], (left) => ({
      leaf: channel * LEAVES + top * CLASSES + left,
    })),
  );
  if (channel === channels - 1) return own;
  return { property: CHANNEL, above: channel, more: treeOf(channels, channel + 1), less: own };
}

export const leafOf = (topClass: number, leftClass: number): number =>
  topClass * CLASSES + leftClass;

/** The leaf of what does not change. */
export const CALM_LEAF = leafOf(MIDDLE, MIDDLE);

export interface ContextTree {
  /** In the order in which decoders number them, the leaves by ours. */
  leaves: readonly number[];
  put(writer: BitWriter): void;
}

/** Of the predictors the one that continues a slope: left + above - above left, within left and above. */
const GRADIENT = 5;
const packSigned = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

/** Kinds of numbers in a tree, which have one code here. */
export const TREE_CONTEXTS = 6;

/** Nodes are told by levels. */
export function createTree(channels: number): ContextTree {
  const queue: Node[] = [treeOf(channels)];
  const leaves: number[] = [];
  const numbers: number[] = [];
  for (const node of queue) {
    if ("leaf" in node) {
      leaves.push(node.leaf);
      // A leaf: its predictor, nothing to be added, times 1.
      numbers.push(0, GRADIENT, 0, 0, 0);
    } else {
      numbers.push(node.property + 1, packSigned(node.above));
      queue.push(node.more, node.less);
    }
  }
  const counts = new Uint32Array(ALPHABET);
  for (const value of numbers) count(counts, symbolOf(value));
  const code = createCode(counts);
  return {
    leaves,
    put(writer) {
      putCodes(writer, [counts], [code], new Uint8Array(TREE_CONTEXTS));
      for (const value of numbers) putNumber(writer, code, value);
    },
  };
}
