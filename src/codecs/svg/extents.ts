/** How far a drawing reaches that says nothing of its size. */
import type { Size } from "../../pipeline/geometry.ts";
import type { MemoryGate } from "../../pipeline/memory.ts";
import { LEAST_STEPS, parse, parsedBytes, type Drawing } from "./parse.ts";
import { resvgOf } from "./resvg.ts";

/**
 * From the origin to the farthest that anything is drawn, in whole pixels as librsvg has them.
 * @param window what lengths in percent are shares of
 * @returns null where nothing is drawn, or nothing on this side of the origin
 * @throws AppError invalid_image, memory_limit, too_complex, busy
 */
export async function measureExtents(
  drawing: Drawing,
  window: Size,
  gate: MemoryGate,
): Promise<Size | null> {
  const { kind, bytes } = resvgOf(parsedBytes(drawing));
  const workspace = await gate.admit(bytes + drawing.fonts.bytes);
  let outcome: "succeeded" | "failed" = "failed";
  try {
    const resvg = await workspace.take(kind, bytes);
    const sizes = { natural: window, full: window };
    const handle = await parse(resvg, drawing, sizes, {
      workspace,
      limitBytes: bytes,
      steps: LEAST_STEPS,
    });
    const box = resvg.measure(handle);
    outcome = "succeeded";
    if (!box) return null;
    const [right, bottom] = [box.x + box.width, box.y + box.height];
    if (!(right > 0 && bottom > 0 && Number.isFinite(right * bottom))) return null;
    return { width: Math.max(1, Math.floor(right)), height: Math.max(1, Math.floor(bottom)) };
  } finally {
    workspace.close(outcome);
  }
}
