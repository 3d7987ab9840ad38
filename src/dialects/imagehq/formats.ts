/** What the deployment reads and writes, for machines. Pure. */
import { z } from "@hono/zod-openapi";
import { formatNames, isWritable } from "../../find-format.ts";
import { LANES, type Format } from "../../format.ts";
import { FORMATS, type FormatName, type WritableFormat } from "../../formats.ts";
import {
  MAX_FILES,
  MAX_FRAMES,
  MAX_OUTPUTS,
  MAX_PIXELS,
  MAX_SIDE,
  MEMORY_BUDGET_BYTES,
} from "../../limits.ts";
import { findOptionConflict, OUTPUT_OPTIONS } from "../../pipeline/options.ts";
import { OUTPUT } from "./schemas.ts";

type Option = keyof typeof OUTPUT.shape;

const directions = z.object({ read: z.boolean(), write: z.boolean() });
const options = z.array(z.enum(Object.keys(OUTPUT.shape) as [Option, ...Option[]]));

const FORMAT = z
  .object({
    name: z.enum(formatNames()),
    aliases: z.array(z.string()),
    mime_type: z.string(),
    read: z.boolean(),
    write: z.boolean(),
    lane: z.enum(LANES).openapi({ description: "Which consumer converts it." }),
    alpha: z.boolean().openapi({ description: "Whether an output can be transparent." }),
    lossless: z.enum(["always", "optional", "never"]),
    animation: directions,
    pages: directions,
    input_options: options.openapi({ description: "Members of `output` that inputs of it have." }),
    output_options: options.openapi({
      description: "Members of `output` that outputs of it have, beside `common_options`.",
    }),
    limits: z
      .object({ max_side: z.int(), max_pixels: z.int(), max_lossless_pixels: z.int().optional() })
      .openapi({ description: "Of an output, by format and by memory." }),
  })
  .openapi("Format");

export const FORMAT_LIST = z
  .object({
    formats: z.array(FORMAT),
    common_options: options.openapi({ description: "What every conversion takes." }),
    limits: z.object({
      max_side: z.int(),
      max_pixels: z.int(),
      max_frames: z.int(),
      max_files: z.int(),
      max_outputs: z.int(),
      memory_bytes: z.int().openapi({ description: "Of one conversion." }),
    }),
  })
  .openapi("FormatList");

/** Those that not every format has, each with a value that shows which do. */
const OUTPUT_PROBES = {
  lossless: { lossless: true },
  colors: { colors: 16 },
  chroma_subsampling: { chromaSubsampling: "4:4:4" },
  compression: { compression: "lzw" },
  icon_sizes: { iconSizes: [16] },
  page_size: { pageSize: "a4" },
  page_orientation: { pageOrientation: "portrait" },
  page_margin: { pageMargin: 1 },
  merge: { merge: true },
} as const satisfies Partial<Record<Option, object>>;

/** Members that only some inputs or outputs have. */
const SPECIAL: readonly Option[] = [
  ...(Object.keys(OUTPUT_PROBES) as (keyof typeof OUTPUT_PROBES)[]),
  ...(["quality", "page", "pages", "frame", "dpi", "password"] as const),
];

export function listFormats(): z.input<typeof FORMAT_LIST> {
  const members = Object.keys(OUTPUT.shape) as Option[];
  return {
    formats: formatNames().map(describe),
    common_options: members.filter((member) => !SPECIAL.includes(member)),
    limits: {
      max_side: MAX_SIDE,
      max_pixels: MAX_PIXELS,
      max_frames: MAX_FRAMES,
      max_files: MAX_FILES,
      max_outputs: MAX_OUTPUTS,
      memory_bytes: MEMORY_BUDGET_BYTES,
    },
  };
}

function describe(name: FormatName): z.input<typeof FORMAT> {
  const format: Format = FORMATS[name];
  const { maxSide = MAX_SIDE, maxPixels = MAX_PIXELS, maxLosslessPixels } = format;
  return {
    name,
    aliases: [...format.aliases],
    mime_type: format.mimeType,
    read: format.reads,
    write: format.writes,
    lane: format.lane,
    alpha: format.alpha,
    lossless: format.lossless,
    animation: toDirections(format.animation),
    pages: toDirections(format.pages),
    input_options: format.reads ? inputOptions(format) : [],
    output_options: isWritable(name) ? outputOptions(name) : [],
    limits: {
      max_side: maxSide,
      max_pixels: Math.min(maxPixels, maxSide ** 2),
      ...(maxLosslessPixels !== undefined && { max_lossless_pixels: maxLosslessPixels }),
    },
  };
}

const toDirections = (direction: Format["animation"]) => ({
  read: direction === "read" || direction === "both",
  write: direction === "write" || direction === "both",
});

function inputOptions({ animation, pages, lane, name }: Format): Option[] {
  return [
    ...(toDirections(pages).read ? (["page", "pages"] as const) : []),
    ...(toDirections(animation).read ? (["frame"] as const) : []),
    ...(lane === "documents" ? (["dpi"] as const) : []),
    ...(name === "pdf" ? (["password"] as const) : []),
  ];
}

function outputOptions(format: WritableFormat): Option[] {
  const probed = Object.entries(OUTPUT_PROBES).filter(
    ([, probe]) => findOptionConflict(OUTPUT_OPTIONS.parse({ format, ...probe })) === undefined,
  );
  const { lossless } = FORMATS[format];
  return [
    ...(lossless === "always" ? [] : (["quality"] as const)),
    ...probed.map(([option]) => option as Option),
  ].filter((option) => option !== "lossless" || lossless === "optional");
}
