/** Whatever codecs throw (traps, numbers, plain objects, errors of their glue) as AppErrors. */
import { AppError, toAppError } from "../errors.ts";

/** A decoder that crashes has met a file it was not made for. */
export function decodeFailure(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (isOutOfMemory(thrown)) return outOfMemory(thrown);
  if (isCodecCrash(thrown)) {
    return new AppError("invalid_image", "The picture is damaged.", {}, { cause: thrown });
  }
  return toAppError(thrown);
}

/** An encoder that crashes is our fault. */
export function encodeFailure(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return isOutOfMemory(thrown) ? outOfMemory(thrown) : toAppError(thrown);
}

function outOfMemory(cause: unknown): AppError {
  return new AppError(
    "memory_limit",
    "This conversion needs more memory than there is.",
    { limit: "isolate_memory" },
    { cause },
  );
}

function isCodecCrash(thrown: unknown): boolean {
  // C++ exceptions arrive as numbers (addresses) or as objects of the glue.
  return thrown instanceof WebAssembly.RuntimeError || !(thrown instanceof Error);
}

function isOutOfMemory(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return (
    (thrown instanceof RangeError &&
      /allocation failed|maximum memory size|could not allocate/i.test(thrown.message)) ||
    /\bOOM\b|out of memory|enlarge memory/i.test(thrown.message)
  );
}
