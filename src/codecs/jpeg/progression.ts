/** Which scans a progressive file is made of: those that measure smallest, as mozjpeg searches them. */
import type { Scan, ScanCount } from "../../kernels/jpeg-smallest.ts";

const LAST = 63;
/** Bits that the first scans of a component may leave to refinements. */
const MAX_SHIFTS = [3, 2, 2] as const;
/** Where AC coefficients may be split into two bands; at LAST they are one. */
const USUAL_SPLIT = 8;
const SPLITS = [LAST, 2, 5, 12, 18] as const;
/** Markers and headers of a scan and its table, without its symbols. */
const SCAN_HEADER_BYTES = 10 + 4 + 17;

type Count = (scan: Scan) => ScanCount;

/** Bits behind a progressive symbol: a DC value's, a coefficient's, or a run of blocks'. */
function bitsBehind(symbol: number, isDc: boolean): number {
  if (isDc) return symbol;
  return symbol & 15 || (symbol === 0xf0 ? 0 : symbol >> 4);
}

/** About the bytes that symbols take in a file, with a table of their own. */
export function measure(histogram: Uint32Array, behind: (symbol: number) => number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  return histogram.reduce((bytes, count, symbol) => {
    if (count === 0) return bytes;
    // No code is shorter than a bit.
    const bits = Math.max(1, Math.log2(total / count)) + behind(symbol);
    return bytes + 1 + (count * bits) / 8;
  }, 0);
}

function bands(component: number, split: number, low: number): Scan[] {
  const band = (first: number, last: number) => ({ component, first, last, high: 0, low });
  return split === LAST ? [band(1, LAST)] : [band(1, split), band(split + 1, LAST)];
}

const refinement = (component: number, low: number): Scan => ({
  ...{ component, first: 1, last: LAST, high: low + 1, low },
});

const dcScan = (component: number): Scan => ({ component, first: 0, last: 0, high: 0, low: 0 });

export interface Progression {
  scans: Scan[];
  /** About what they take in the file. */
  bytes: number;
}

/**
 * @param share of the picture that `count` counts
 */
export function chooseScans(components: number, count: Count, share: number): Progression {
  const size = (scan: Scan): number => {
    const { histogram, corrections } = count(scan);
    const symbols = measure(histogram, (symbol) => bitsBehind(symbol, scan.last === 0));
    return SCAN_HEADER_BYTES + (symbols + corrections / 8) / share;
  };
  const sizes = (scans: readonly Scan[]): number =>
    scans.reduce((sum, scan) => sum + size(scan), 0);

  const chosen = Array.from({ length: components }, (_, component) => {
    let best = { low: 0, split: USUAL_SPLIT, bytes: sizes(bands(component, USUAL_SPLIT, 0)) };
    let refinements = 0;
    let firstBytes = best.bytes;
    for (let low = 1; low <= (MAX_SHIFTS[component] ?? 0); low++) {
      const first = sizes(bands(component, USUAL_SPLIT, low));
      refinements += size(refinement(component, low - 1));
      if (first + refinements >= best.bytes) break;
      best = { ...best, low, bytes: first + refinements };
      firstBytes = first;
    }
    const rest = best.bytes - firstBytes;
    for (const split of SPLITS) {
      const bytes = rest + sizes(bands(component, split, best.low));
      if (bytes < best.bytes) best = { ...best, split, bytes };
    }
    const refined = Array.from({ length: best.low }, (_unused, low) => refinement(component, low));
    const scans = [dcScan(component), ...bands(component, best.split, best.low), ...refined];
    return { scans, bytes: best.bytes + size(dcScan(component)) };
  });
  return {
    // From coarse to fine, luma before chroma.
    scans: chosen
      .flatMap(({ scans }) => scans)
      .toSorted((a, b) => orderOf(a) - orderOf(b) || a.component - b.component),
    bytes: chosen.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

const REFINEMENTS = 100;

function orderOf({ first, high, low }: Scan): number {
  return high === 0 ? first : REFINEMENTS - low;
}
