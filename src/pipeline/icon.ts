/** What icon files ask of a result's size. Pure arithmetic. */
import { layOut, type Size } from "./geometry.ts";
import { ICON_SIZES, type OutputOptions } from "./options.ts";

/** An icon file's directory has one byte for a side. */
const MAX_ICON_SIDE = Math.max(...ICON_SIZES);

/**
 * The options as an icon can meet them: its largest square where sizes are asked for, else a result
 * that is shrunk, whole, where it would be too large. Other formats' options stay as they are.
 * @param source upright size
 */
export function fitIcon(source: Size, options: OutputOptions): OutputOptions {
  const { format, iconSizes, fit } = options;
  if (format !== "ico") return options;
  if (iconSizes) {
    const side = Math.max(...iconSizes);
    const square = { width: side, height: side };
    return { ...options, ...square, fit: fit === "cover" || fit === "fill" ? fit : "contain" };
  }
  const { canvas } = layOut(source, options);
  if (canvas.width <= MAX_ICON_SIDE && canvas.height <= MAX_ICON_SIDE) return options;
  return { ...options, width: MAX_ICON_SIDE, height: MAX_ICON_SIDE, fit: "inside" };
}
