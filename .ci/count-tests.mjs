/** Adds up the JSON reports in a folder and prints `N passed, N failed[, N skipped]`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of readdirSync(folder)) {
  const report = JSON.parse(readFileSync(join(folder, file), "utf8"));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  // A file that could not even be loaded has no tests to fail.
  total.failed += report.testResults.filter(
    (result) => result.status === "failed" && !result.assertionResults.some(isFailed),
  ).length;
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

function isFailed(assertion) {
  return assertion.status === "failed";
}
