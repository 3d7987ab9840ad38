/** An SVG as it leaves: what the allow-list left of it, in the size that is wanted. */
import type { Size } from "../../pipeline/geometry.ts";
import { writeAttributes, type CleanSvg } from "./sanitise.ts";

const NAMESPACES = ' xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
/** Encoded at a time. */
const CHUNK_CHARACTERS = 256 * 1024;

/**
 * Of another size it is the same drawing, with other `width`, `height` and, where it had none,
 * `viewBox`; of another shape it is stretched inside a drawing of its own.
 * @param natural how large it is by itself, in pixels, as is the size that is wanted
 */
export async function* rewrite(
  { attributes, body }: CleanSvg,
  natural: Size,
  { width, height }: Size,
): AsyncGenerator<Uint8Array, void, undefined> {
  const viewBox = `0 0 ${natural.width} ${natural.height}`;
  const isStretched = Math.abs((width * natural.height) / natural.width - height) >= 1;
  const isResized = width !== Math.round(natural.width) || height !== Math.round(natural.height);
  const size = isResized && !isStretched ? { width, height } : natural;
  const given = new Map(attributes);
  if (isResized && !given.has("viewBox")) given.set("viewBox", viewBox);
  given.set("width", String(size.width)).set("height", String(size.height));
  const own = writeAttributes(given);
  const encoder = new TextEncoder();
  yield encoder.encode(
    isStretched
      ? `<svg${NAMESPACES} width="${width}" height="${height}" viewBox="${viewBox}" preserveAspectRatio="none"><svg${own}>`
      : `<svg${NAMESPACES}${own}>`,
  );
  for (const part of split(body)) yield await Promise.resolve(encoder.encode(part));
  yield encoder.encode(isStretched ? "</svg></svg>\n" : "</svg>\n");
}

/** Characters of two parts stay together. */
function* split(text: string): Generator<string, void, undefined> {
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + CHUNK_CHARACTERS);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last < 0xdc00) end++;
    yield text.slice(start, end);
    start = end;
  }
}
