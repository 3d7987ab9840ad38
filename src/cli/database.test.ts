import { expect, test } from "vitest";
import { quote } from "./database.ts";

test("text cannot leave its SQL literal", () => {
  expect(quote("O'Brien'; DROP TABLE accounts; --")).toBe("'O''Brien''; DROP TABLE accounts; --'");
  expect(() => quote("a\0b")).toThrow("Control characters");
});
