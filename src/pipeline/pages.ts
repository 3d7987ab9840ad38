/** Which pages of a file a conversion is to take. Pure. */
import { AppError } from "../errors.ts";

/** "all", or numbers and ranges from 1 on: "2", "1,3-5", "4-". */
export const PAGES_PATTERN = /^(?:all|\d{1,5}(?:-(?:\d{1,5})?)?(?:,\d{1,5}(?:-(?:\d{1,5})?)?)*)$/;

export interface PageOptions {
  page: number | null;
  /** By PAGES_PATTERN. */
  pages: string | null;
}

interface Range {
  first: number;
  last: number;
}

/** @param lastPage what a range without an end leads to */
function parseRanges(pages: string, lastPage: number): Range[] {
  if (pages === "all") return [{ first: 1, last: lastPage }];
  return pages.split(",").map((part) => {
    const [first = "", last = first] = part.split("-");
    return { first: Number(first), last: last === "" ? lastPage : Number(last) };
  });
}

/** Whether no file could have such pages, as a sentence. */
export function findPagesConflict({ page, pages }: PageOptions): string | undefined {
  if (pages === null) return undefined;
  if (page !== null) return "Give either `page` or `pages`.";
  const ranges = parseRanges(pages, Infinity);
  if (ranges.some(({ first, last }) => first < 1 || last < first)) {
    return "Pages are counted from 1, and ranges go upwards.";
  }
  return undefined;
}

/**
 * @param pageCount of the file
 * @returns indices from 0 on, each once, as ordered; the first where nothing is asked for
 * @throws AppError invalid_parameter where there is no such page, too_many_pages
 */
export function choosePages(
  { page, pages }: PageOptions,
  pageCount: number,
  maxPages: number,
): number[] {
  const ranges = parseRanges(pages ?? String(page ?? 1), pageCount);
  const chosen = new Set<number>();
  for (const { first, last } of ranges) {
    const missing = first > pageCount ? first : last;
    if (missing > pageCount) throw noSuchPage(missing, pageCount);
    for (let number = first; number <= last; number++) chosen.add(number - 1);
  }
  if (chosen.size > maxPages) throw tooManyPages(chosen.size, maxPages);
  return [...chosen];
}

const noSuchPage = (page: number, pageCount: number): AppError =>
  new AppError(
    "invalid_parameter",
    `There is no page ${page}: the file has ${pageCount === 1 ? "one page" : `${pageCount} pages`}.`,
    { pages: pageCount },
  );

const tooManyPages = (count: number, maxPages: number): AppError =>
  new AppError(
    "too_many_pages",
    `${count} pages would be too many for this job; it has room for ${maxPages}.`,
    { limit: "max_outputs", limit_outputs: maxPages, pages: count },
  );
