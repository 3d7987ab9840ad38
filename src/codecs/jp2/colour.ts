/** Components' values → what is delivered. */
import { CMYK_BYTES, startCmykToSrgb } from "../../colour/cmyk.ts";
import { createGrayToSrgb } from "../../colour/profile.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Channels } from "../../pipeline/picture.ts";
import type { ChannelSource, Container, Space } from "./container.ts";
import { damaged, unsupported } from "./failures.ts";
import type { Component } from "./markers.ts";

/** A colour or transparency of a pixel. */
interface Sample {
  component: number;
  /** What each of the component's values is in 8 bits, from its lowest on. */
  table: Uint8Array;
  lowest: number;
}

export interface Colour {
  space: Space;
  /** Colours, and then transparency if there is any. */
  samples: readonly Sample[];
  alpha: "straight" | "associated" | null;
  channels: Channels;
  /** Of what is delivered. */
  icc: Uint8Array | null;
  /** Of what is stored. */
  storedIcc: Uint8Array | null;
}

const COLOURS: Readonly<Record<Space, number>> = { gray: 1, rgb: 3, sycc: 3, cmyk: 4 };

/** @throws AppError invalid_image, unsupported_feature */
export function describeColour(container: Container, components: readonly Component[]): Colour {
  const { palette, metadata } = container;
  const sources =
    container.channels ?? components.map((_, component) => ({ component, column: null }));
  const space = container.space ?? guessSpace(sources, components);
  const { colours, alpha } = assignChannels(container, sources.length, space);
  const samples = [...colours, ...(alpha ? [alpha.channel] : [])].map((channel) =>
    describeSample(sources[channel], components, palette),
  );
  const channels = alpha ? 4 : space === "gray" ? 1 : 3;
  const isConverted = space === "cmyk" || (space === "gray" && alpha !== null);
  return {
    ...{ space, samples, channels, storedIcc: metadata.icc },
    alpha: alpha && (alpha.type === 2 ? "associated" : "straight"),
    icc: isConverted || space === "sycc" ? null : metadata.icc,
  };
}

/** What readers take files for that do not say: of three, those with coarser colours are YCC. */
function guessSpace(sources: readonly ChannelSource[], components: readonly Component[]): Space {
  if (sources.length < 3) return "gray";
  const isCoarse = (index: number): boolean =>
    (components[index]?.dx ?? 1) > (components[0]?.dx ?? 1);
  return sources.length === 3 && isCoarse(1) && isCoarse(2) ? "sycc" : "rgb";
}

interface Assigned {
  colours: readonly number[];
  alpha: { channel: number; type: number } | null;
}

/** Which channel is which. */
function assignChannels({ meanings }: Container, count: number, space: Space): Assigned {
  const wanted = COLOURS[space];
  const inOrder = Array.from({ length: wanted }, (_, i) => i);
  if (count < wanted) throw damaged("The JPEG 2000 file lacks colours.");
  if (!meanings) {
    return { colours: inOrder, alpha: count === wanted + 1 ? { channel: wanted, type: 1 } : null };
  }
  const colours = inOrder.map(
    (i) => meanings.find(({ type, colour }) => type === 0 && colour === i + 1)?.channel ?? i,
  );
  const alpha = meanings.find(({ type }) => type === 1 || type === 2) ?? null;
  return { colours, alpha };
}

function describeSample(
  source: ChannelSource | undefined,
  components: readonly Component[],
  palette: Container["palette"],
): Sample {
  const component = source && components[source.component];
  if (!source || !component) throw damaged("The JPEG 2000 file lacks a channel.");
  if (source.component > 3) throw unsupported("components", "Too many components lie in front.");
  const { bits, isSigned } = component;
  const scale = (value: number, depth: number): number =>
    Math.round((value * 255) / (2 ** depth - 1));
  const column = source.column === null ? null : palette?.columns[source.column];
  if (column === undefined) throw damaged("The JPEG 2000 file lacks a colour of its palette.");
  const depth = palette?.bits[source.column ?? 0] ?? 8;
  const table = Uint8Array.from({ length: 2 ** bits }, (_, value) =>
    column ? scale(column[Math.min(value, column.length - 1)] ?? 0, depth) : scale(value, bits),
  );
  return { component: source.component, table, lowest: isSigned ? -(2 ** (bits - 1)) : 0 };
}

/** A row's samples of 8 bits, side by side, to a row that is delivered. */
export type ConvertRow = (samples: Uint8Array, target: Uint8Array, width: number) => void;

/** Bytes that a conversion of rows of up to `width` takes for itself. */
export const conversionBytes = ({ space }: Colour, width: number): number =>
  space === "cmyk" ? CMYK_BYTES + width * 7 : 0;

export async function createConvert(
  colour: Colour,
  width: number,
  workspace: Workspace,
): Promise<ConvertRow> {
  const convert = await CONVERTS[colour.space](colour, width, workspace);
  const { alpha, samples: { length: step } } = colour; // prettier-ignore
  if (!alpha) return convert;
  return (samples, target, count) => {
    convert(samples, target, count);
    for (let i = 0, from = step - 1; i < count * 4; i += 4, from += step) {
      const opacity = samples[from] as number;
      target[i + 3] = opacity;
      if (alpha === "straight" || opacity === 255) continue;
      for (let c = i; c < i + 3; c++) {
        const value = opacity === 0 ? 0 : ((target[c] as number) * 255) / opacity;
        target[c] = Math.min(255, Math.round(value));
      }
    }
  };
}

type CreateConvert = (
  colour: Colour,
  width: number,
  workspace: Workspace,
) => ConvertRow | Promise<ConvertRow>;

const CONVERTS: Readonly<Record<Space, CreateConvert>> = {
  gray: ({ alpha, storedIcc }) => {
    if (!alpha) return (samples, target, width) => target.set(samples.subarray(0, width));
    const toSrgb = storedIcc && createGrayToSrgb(storedIcc);
    return (samples, target, width) => {
      for (let i = 0; i < width; i++) {
        const value = samples[i * 2] as number;
        target.fill(toSrgb?.[value] ?? value, i * 4, i * 4 + 3);
      }
    };
  },
  rgb:
    ({ samples: { length: step }, channels }) =>
    (samples, target, width) => {
      for (let i = 0, from = 0, to = 0; i < width; i++, from += step, to += channels) {
        target[to] = samples[from] as number;
        target[to + 1] = samples[from + 1] as number;
        target[to + 2] = samples[from + 2] as number;
      }
    },
  sycc: ({ samples: { length: step }, channels }) => {
    const clamp = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));
    // IEC 61966-2-1, amendment 1.
    return (samples, target, width) => {
      for (let i = 0, from = 0, to = 0; i < width; i++, from += step, to += channels) {
        const y = samples[from] as number;
        const [cb, cr] = [(samples[from + 1] as number) - 128, (samples[from + 2] as number) - 128];
        target[to] = clamp(y + 1.402 * cr);
        target[to + 1] = clamp(y - 0.344_136 * cb - 0.714_136 * cr);
        target[to + 2] = clamp(y + 1.772 * cb);
      }
    };
  },
  cmyk: async ({ samples: { length: step }, channels, storedIcc }, width, workspace) => {
    const toSrgb = await startCmykToSrgb(storedIcc, workspace);
    const inks = workspace.allocate(width * 4);
    const rgb = workspace.allocate(width * 3);
    return (samples, target, count) => {
      for (let i = 0; i < count; i++) {
        for (let c = 0; c < 4; c++) inks[i * 4 + c] = samples[i * step + c] as number;
      }
      toSrgb(inks, rgb, count);
      for (let i = 0; i < count; i++) {
        for (let c = 0; c < 3; c++) target[i * channels + c] = rgb[i * 3 + c] as number;
      }
    };
  },
};
