/** Premultiplied alpha to straight, in place. @param rgba packed */
export function straighten(rgba: Uint8Array): void {
  for (let i = 3; i < rgba.length; i += 4) {
    const alpha = rgba[i] as number;
    if (alpha === 255 || alpha === 0) continue;
    const half = alpha >> 1;
    for (let k = i - 3; k < i; k++) {
      rgba[k] = Math.min(255, (((rgba[k] as number) * 255 + half) / alpha) | 0);
    }
  }
}
