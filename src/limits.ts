/** Limits that hold whatever the plan; a deployment may lower them by its variables. */
export const MIB = 1024 * 1024;

/** What one isolate may hold in WASM memories and pixel buffers; the rest of its 128 MB is the runtime's. */
export const MEMORY_BUDGET_BYTES = 96 * MIB;

/** Longest side of a picture, in and out, in pixels. */
export const MAX_SIDE = 16_384;

/** Pixels of one frame or page. */
export const MAX_PIXELS = 80_000_000;

/** Frames of an animation, in and out. */
export const MAX_FRAMES = 4096;

/** Files that one job may make. */
export const MAX_OUTPUTS = 500;

/** Files in one request. */
export const MAX_FILES = 100;

/** ICC, EXIF and XMP that are kept of one picture, together, in bytes. */
export const MAX_METADATA_BYTES = 4 * MIB;
