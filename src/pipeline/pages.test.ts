import { describe, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { choosePages, findPagesConflict, PAGES_PATTERN } from "./pages.ts";

const choose = (pages: string | null, count: number, page: number | null = null) =>
  choosePages({ page, pages }, count, 100);

const errorOf = (action: () => unknown): AppError => {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error("no AppError");
};

describe("pages", () => {
  test.each([
    [null, [0]],
    ["3", [2]],
    ["1,3-5", [0, 2, 3, 4]],
    ["4-", [3, 4]],
    ["all", [0, 1, 2, 3, 4]],
    ["5,1-2", [4, 0, 1]],
    ["2-3,1-3", [1, 2, 0]],
  ])("%s of five, each once and in the order asked for", (pages, chosen) => {
    expect(choose(pages, 5)).toEqual(chosen);
  });

  test("one page by its number", () => {
    expect(choose(null, 5, 4)).toEqual([3]);
  });

  test.each(["6", "1-6", "6-", "2,99999"])("%s of five: there is no such page", (pages) => {
    const { code, publicMessage } = errorOf(() => choose(pages, 5));
    expect(code).toBe("invalid_parameter");
    expect(publicMessage).toContain("5 pages");
  });

  test("more than there is room for are refused with the limit", () => {
    expect(choose("all", 100)).toHaveLength(100);
    const { code, details } = errorOf(() => choose("all", 101));
    expect(code).toBe("too_many_pages");
    expect(details).toMatchObject({ limit: "max_outputs", limit_outputs: 100, pages: 101 });
  });

  test.each(["", "a", "1,", "-3", "1--2", "1-2-3", "123456", "all,1", "1.5"])(
    "%s is no list of pages",
    (text) => expect(PAGES_PATTERN.test(text)).toBe(false),
  );

  test.each(["0", "3-2", "1,0-4"])("no file has pages %s", (pages) => {
    expect(PAGES_PATTERN.test(pages)).toBe(true);
    expect(findPagesConflict({ page: null, pages })).toBeDefined();
  });

  test("a page and pages contradict each other; each alone does not", () => {
    expect(findPagesConflict({ page: 1, pages: "2" })).toBeDefined();
    expect(findPagesConflict({ page: 1, pages: null })).toBeUndefined();
    expect(findPagesConflict({ page: null, pages: "2-" })).toBeUndefined();
  });
});
