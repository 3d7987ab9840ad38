/** What the commands share in reading their arguments and ending. */
import { parseArgs, type ParseArgsConfig } from "node:util";

/** A mistake of the person at the keyboard: shown as a sentence, without a stack. */
export class UsageError extends Error {}

/**
 * `parseArgs` of Node, with its complaints as UsageErrors.
 * @throws UsageError
 */
export function readArguments<T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs(config);
  } catch (error) {
    // Its first sentence: the rest is advice about `--` that helps nobody here.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.split(". ")[0]);
  }
}

/** Runs a command; on an error prints its message and sets the exit code: 2 for wrong usage, else 1. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    console.error(describeError(error));
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

/** fetch says why only in its error's cause. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
