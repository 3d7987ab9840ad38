/** Which of a file's channels make the picture, and what they mean. */
import { unsupported } from "./failures.ts";
import type { Channel } from "./header.ts";

export interface Choice {
  /** Colours; luminance; luminance with two differences of colour. */
  kind: "rgb" | "luminance" | "differences";
  /** Indices of the channels; null is one that the file lacks, which is black. */
  colours: readonly (number | null)[];
  alpha: number | null;
}

const KINDS = [
  { kind: "rgb", names: ["R", "G", "B"], atLeast: 1 },
  { kind: "differences", names: ["Y", "RY", "BY"], atLeast: 3 },
  { kind: "luminance", names: ["Y"], atLeast: 1 },
] as const;

/**
 * Those of the layer without a name, else of the first that shows something.
 * @throws AppError unsupported_feature where none does
 */
export function chooseChannels(channels: readonly Channel[]): Choice {
  const layers = new Map<string, Map<string, number>>([["", new Map()]]);
  for (const [index, { name }] of channels.entries()) {
    const dot = name.lastIndexOf(".") + 1;
    const layer = layers.get(name.slice(0, dot)) ?? new Map<string, number>();
    layers.set(name.slice(0, dot), layer.set(name.slice(dot), index));
  }
  for (const layer of layers.values()) {
    for (const { kind, names, atLeast } of KINDS) {
      const colours = names.map((name) => layer.get(name) ?? null);
      const found = colours.filter((index) => index !== null).length;
      if (found >= atLeast) return { kind, colours, alpha: layer.get("A") ?? null };
    }
  }
  const names = channels.slice(0, 8).map(({ name }) => name);
  throw unsupported("channels", `The EXR file has no colours: ${names.join(", ")}.`);
}
