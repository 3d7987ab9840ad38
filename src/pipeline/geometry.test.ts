import { describe, expect, test } from "vitest";
import { layOut, type Rect, type Size } from "./geometry.ts";
import { ASPECT_MODES, FITS, GRAVITIES, OUTPUT_OPTIONS, type OutputOptions } from "./options.ts";

type Aspect = NonNullable<OutputOptions["aspect"]>;

const options = (changes: Partial<OutputOptions>): OutputOptions =>
  OUTPUT_OPTIONS.parse({ format: "png", ...changes });

const isInside = (outer: Size, { x, y, width, height }: Rect): boolean =>
  x >= 0 && y >= 0 && x + width <= outer.width && y + height <= outer.height;

/** The same numbers each time: sizes and ratios from ordinary to absurd. */
function* cases(count: number) {
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
  const side = () => Math.max(1, Math.floor(16_384 ** random()));
  for (let i = 0; i < count; i++) {
    const source = { width: side(), height: side() };
    const ratio = pick([() => [16, 10], () => [1, 1], () => [side(), side()]])() as [
      number,
      number,
    ];
    const aspect: Aspect = { width: ratio[0], height: ratio[1], mode: pick(ASPECT_MODES) };
    const width = pick([null, side()]);
    const height = pick([null, side()]);
    const given = options({ aspect, width, height, fit: pick(FITS), gravity: pick(GRAVITIES) });
    yield { source, aspect, given };
  }
}

describe("whatever is asked of whatever picture", () => {
  test("nothing is empty, and every part lies inside its whole", () => {
    for (const { source, given } of cases(20_000)) {
      const { full, window, canvas, at } = layOut(source, given);
      const sides = [full, window, canvas].flatMap(({ width, height }) => [width, height]);
      expect(sides.every((side) => Number.isInteger(side) && side >= 1)).toBe(true);
      expect([window.width, window.height]).toEqual([at.width, at.height]);
      expect([isInside(full, window), isInside(canvas, at)]).toEqual([true, true]);
    }
  });

  test("the result has the ratio asked for, within a pixel", () => {
    for (const { source, aspect, given } of cases(20_000)) {
      const { canvas } = layOut(source, { ...given, width: null, height: null });
      const ratio = aspect.width / aspect.height;
      const exact = { width: canvas.height * ratio, height: canvas.width / ratio };
      // One pixel is the least a side can have, however far the ratio is from square.
      const off = Math.min(
        Math.abs(exact.width - canvas.width),
        Math.abs(exact.height - canvas.height),
      );
      expect(Math.min(canvas.width, canvas.height) === 1 || off <= 1).toBe(true);
    }
  });

  test("a crop keeps all of one axis, a pad all of both; neither resizes", () => {
    for (const { source, aspect, given } of cases(20_000)) {
      const { full, window, canvas } = layOut(source, { ...given, width: null, height: null });
      expect(full).toEqual(source);
      const { width, height } = window;
      if (aspect.mode === "pad") {
        expect({ width, height }).toEqual(source);
        expect(canvas.width === width || canvas.height === height).toBe(true);
      } else {
        expect(canvas).toEqual({ width, height });
        expect(width === source.width || height === source.height).toBe(true);
      }
    }
  });

  test("width and height are met as they are without another ratio", () => {
    for (const { source, given } of cases(20_000)) {
      const { canvas } = layOut(source, given);
      const { width, height, fit } = given;
      if (width !== null && height !== null && ["fill", "contain", "cover"].includes(fit)) {
        expect(canvas).toEqual({ width, height });
      } else if (width !== null && height === null) {
        expect(canvas.width).toBe(width);
      } else if (width === null && height !== null) {
        expect(canvas.height).toBe(height);
      } else if (width !== null && height !== null) {
        const inside = canvas.width <= width && canvas.height <= height;
        const outside = canvas.width >= width && canvas.height >= height;
        expect(fit === "inside" ? inside : outside).toBe(true);
        expect(canvas.width === width || canvas.height === height).toBe(true);
      }
    }
  });
});

describe("another ratio", () => {
  const source = { width: 400, height: 300 };
  const wide = { width: 16, height: 9 };

  test.each([
    ["crop", "center", { width: 400, height: 225 }, { x: 0, y: 38 }],
    ["crop", "north", { width: 400, height: 225 }, { x: 0, y: 0 }],
    ["crop", "south", { width: 400, height: 225 }, { x: 0, y: 75 }],
  ] as const)("%s %s", (mode, gravity, canvas, place) => {
    const geometry = layOut(source, options({ aspect: { ...wide, mode }, gravity }));
    expect(geometry).toMatchObject({ full: source, canvas, window: { ...canvas, ...place } });
  });

  test.each([
    ["center", 66],
    ["west", 0],
    ["east", 133],
  ] as const)("pad %s", (gravity, x) => {
    const aspect = { ...wide, mode: "pad" } as const;
    expect(layOut(source, options({ aspect, gravity }))).toEqual({
      full: source,
      window: { ...source, x: 0, y: 0 },
      canvas: { width: 533, height: 300 },
      at: { ...source, x, y: 0 },
    });
  });

  test.each([
    [{ width: 160 }, { width: 160, height: 90 }],
    [{ height: 180 }, { width: 320, height: 180 }],
    [
      { width: 160, height: 160, fit: "fill" },
      { width: 160, height: 160 },
    ],
    [
      { width: 160, height: 160, fit: "inside" },
      { width: 160, height: 90 },
    ],
    [
      { width: 160, height: 160, fit: "outside" },
      { width: 284, height: 160 },
    ],
  ] as const)("then %o", (size, canvas) => {
    for (const mode of ASPECT_MODES) {
      expect(layOut(source, options({ aspect: { ...wide, mode }, ...size })).canvas).toEqual(
        canvas,
      );
    }
  });

  test("a stretched frame stretches the picture in it alike", () => {
    const aspect = { width: 2, height: 1, mode: "pad" } as const;
    const size = { width: 300, height: 300, fit: "fill" } as const;
    const { full, at } = layOut(source, options({ aspect, ...size }));
    expect(full).toEqual({ width: 200, height: 300 });
    expect(at).toEqual({ x: 50, y: 0, width: 200, height: 300 });
  });

  test("what width and height make of a ratio is exact, however small the picture", () => {
    const tiny = { width: 3, height: 2 };
    const aspect = { ...wide, mode: "crop" } as const;
    const { canvas } = layOut(tiny, options({ aspect, width: 1600 }));
    expect(canvas).toEqual({ width: 1600, height: 900 });
  });
});

describe("a part of the height", () => {
  const source = { width: 400, height: 300 };

  test.each([
    ["north", 0],
    ["center", 75],
    ["south", 150],
  ] as const)("is kept at %s", (gravity, y) => {
    const size = { width: 400, height: 150 };
    expect(layOut(source, options({ keepHeight: 0.5, gravity }))).toMatchObject({
      canvas: size,
      window: { ...size, x: 0, y },
    });
  });

  test("is what width, height and ratio see", () => {
    const half = { keepHeight: 0.5, gravity: "north" } as const;
    expect(layOut(source, options({ ...half, width: 200 })).canvas).toEqual({
      width: 200,
      height: 75,
    });
    const aspect = { width: 1, height: 1, mode: "pad" } as const;
    expect(layOut(source, options({ ...half, aspect }))).toMatchObject({
      window: { x: 0, y: 0, width: 400, height: 150 },
      canvas: { width: 400, height: 400 },
    });
  });
});
