/**
 * What a drawing takes in memory once everything that is used is in its place: uses of uses of
 * uses, or patterns of patterns, make millions of elements out of a few lines.
 */

/** Measured of resvg, an element of a drawing, a number of its path, and a character that is set. */
export const COSTS = { element: 720, number: 42, character: 1000 } as const;

interface Element {
  /** Index behind its last descendant. */
  end: number;
  bytes: number;
  references: readonly string[];
  hasClass: boolean;
}

export interface Weigher {
  start(id: string | undefined, references: readonly string[], hasClass: boolean): void;
  /** The open element takes so much more. */
  add(bytes: number): void;
  end(): void;
  /** What style sheets refer to. Which elements they mean is not looked at. */
  sheet(references: readonly string[]): void;
  /** In bytes; no more exactly than that it is above `limit`. */
  weigh(limit: number): number;
}

export function createWeigher(): Weigher {
  const elements: Element[] = [];
  const places = new Map<string, number>();
  const open: Element[] = [];
  const sheets = new Set<string>();

  return {
    start(id, references, hasClass) {
      const index = elements.length;
      if (id !== undefined && !places.has(id)) places.set(id, index);
      const element = { end: index + 1, bytes: COSTS.element, references, hasClass };
      elements.push(element);
      open.push(element);
    },
    add(bytes) {
      const element = open.at(-1);
      if (element) element.bytes += bytes;
    },
    end() {
      const element = open.pop();
      if (element) element.end = elements.length;
    },
    sheet: (references) => references.forEach((id) => sheets.add(id)),
    weigh(limit) {
      const known = new Map<string, number>();
      const ofReference = (id: string): number => {
        const place = places.get(id);
        if (place === undefined) return 0;
        const weight = known.get(id);
        if (weight !== undefined) return weight;
        // A cycle is nothing: nobody draws one.
        known.set(id, 0);
        const found = ofRange(place, elements[place]?.end ?? place);
        known.set(id, found);
        return found;
      };
      let heaviest: number | undefined;
      /** The heaviest of what a class may mean. */
      const ofClass = (): number => {
        if (heaviest !== undefined) return heaviest;
        heaviest = 0;
        let most = 0;
        for (const id of sheets) most = Math.max(most, ofReference(id));
        return (heaviest = most);
      };
      const ofRange = (from: number, to: number): number => {
        let sum = 0;
        for (let index = from; index < to && sum <= limit; index++) {
          const { bytes, references, hasClass } = elements[index] as Element;
          sum += bytes;
          for (const id of references) sum += ofReference(id);
          if (hasClass) sum += ofClass();
        }
        return sum;
      };
      return ofRange(0, elements.length);
    },
  };
}

/** Numbers in a path's data, or a list of points. */
export function countNumbers(data: string): number {
  let count = 0;
  let inNumber = false;
  for (let i = 0; i < data.length; i++) {
    const code = data.charCodeAt(i);
    const isDigit = code >= 48 && code <= 57;
    // A second point, or a sign, begins another.
    if (code === 46 && inNumber) count++;
    if (isDigit && !inNumber) count++;
    inNumber = isDigit || (code === 46 && inNumber);
  }
  return count;
}
