/** `conversion_metadata` to what the pipeline is asked for. Pure. */
import { z } from "@hono/zod-openapi";
import type { WritableFormat } from "../../formats.ts";
import { MAX_SIDE } from "../../limits.ts";
import {
  ICON_SIZES,
  OUTPUT_OPTIONS,
  type Background,
  type Gravity,
  type OutputOptions,
} from "../../pipeline/options.ts";

const QUALITY = 85;
const THUMBNAIL_QUALITY = 90;
const THUMBNAIL_WIDTH = 800;
const PAGE_QUALITY = 90;
const PAGE_WIDTH = 1200;
const MAX_RESIZE = 10_000;
const BLACK: Background = { r: 0, g: 0, b: 0, alpha: 1 };

/** An integer; also .NET's null for "not given". */
function whole(name: string, min: number, max: number) {
  const error = `${name} must be an integer from ${min} to ${max}.`;
  return z.int(error).min(min, error).max(max, error).nullish();
}

const oneOf = <Value extends string>(name: string, values: readonly Value[]) =>
  z.enum(values, `${name} must be one of ${values.join(", ")}.`).nullish();

const iconSize = (name: string) =>
  z.literal(ICON_SIZES, `${name} must be of ${ICON_SIZES.join(", ")}.`);

/** Which part a crop keeps. */
const CROPS = {
  "crop-center": "center",
  "crop-top": "north",
  "crop-bottom": "south",
  "crop-left": "west",
  "crop-right": "east",
} as const satisfies Record<string, Gravity>;

const STRATEGIES = ["fit", ...(Object.keys(CROPS) as (keyof typeof CROPS)[])] as const;

/** How much of a page's height a thumbnail shows, from the top. */
const THUMBNAIL_CROPS = {
  full: 1,
  "two-thirds": 2 / 3,
  half: 1 / 2,
  third: 1 / 3,
  quarter: 1 / 4,
} as const;

const RATIO = /^(\d+(?:\.\d+)?) *: *(\d+(?:\.\d+)?)$/;
const RATIO_ERROR = `aspect_ratio must be "original", "custom" or a ratio such as "16:9".`;

const inRange = (side: number): boolean => side > 0 && side <= MAX_SIDE;

const aspectRatio = z
  .string(RATIO_ERROR)
  .trim()
  .toLowerCase()
  .refine((text) => {
    if (text === "original" || text === "custom") return true;
    const [, width, height] = RATIO.exec(text) ?? [];
    return inRange(Number(width)) && inRange(Number(height));
  }, RATIO_ERROR);

/** Members that are not listed mean nothing here, those for other targets and OCR among them. */
export const METADATA = z
  .object(
    {
      aspect_ratio: aspectRatio.nullish().openapi({ example: "16:10" }),
      custom_width: whole("custom_width", 1, MAX_SIDE),
      custom_height: whole("custom_height", 1, MAX_SIDE),
      crop_strategy: oneOf("crop_strategy", STRATEGIES),
      quality: whole("quality", 1, 100),
      resize_width: whole("resize_width", 1, MAX_RESIZE),
      resize_height: whole("resize_height", 1, MAX_RESIZE),
      icon_size: iconSize("icon_size").nullish(),
      icon_sizes: z
        .array(iconSize("icon_sizes"), "icon_sizes must be a list of sizes.")
        .min(1, "icon_sizes must name a size.")
        .nullish(),
      images_width: whole("images_width", 50, 4000),
      images_quality: whole("images_quality", 1, 100),
      images_dpi: whole("images_dpi", 72, 300),
      thumbnail_width: whole("thumbnail_width", 50, 2000),
      thumbnail_height: whole("thumbnail_height", 50, 2000),
      thumbnail_crop: oneOf(
        "thumbnail_crop",
        Object.keys(THUMBNAIL_CROPS) as (keyof typeof THUMBNAIL_CROPS)[],
      ),
    },
    "conversion_metadata must be an object.",
  )
  .refine(
    ({ aspect_ratio, custom_width, custom_height }) =>
      aspect_ratio !== "custom" || (custom_width && custom_height),
    `aspect_ratio "custom" needs custom_width and custom_height.`,
  )
  .openapi("ConvertorioMetadata");

export type Metadata = z.output<typeof METADATA>;

/** Squares of an icon are made by cropping or by adding margins, never by stretching. */
export function toOutput(format: WritableFormat, metadata: Metadata): OutputOptions {
  const { crop_strategy, icon_size, icon_sizes, resize_width, resize_height } = metadata;
  const fits = crop_strategy === "fit";
  const crops = Boolean(crop_strategy) && !fits;
  const sizes = icon_sizes ?? (icon_size ? [icon_size] : null);
  const iconSizes = format === "ico" ? sizes : null;
  return OUTPUT_OPTIONS.parse({
    format,
    quality: metadata.quality ?? QUALITY,
    aspect: toAspect(metadata),
    gravity: fits ? "center" : CROPS[crop_strategy ?? "crop-center"],
    margin: fits ? BLACK : null,
    width: resize_width ?? null,
    height: resize_height ?? null,
    iconSizes,
    fit: iconSizes ? (crops ? "cover" : "contain") : "fill",
  });
}

function toAspect(metadata: Metadata): OutputOptions["aspect"] {
  const { aspect_ratio, custom_width, custom_height, crop_strategy } = metadata;
  const mode = crop_strategy === "fit" ? "pad" : "crop";
  if (aspect_ratio === "custom" && custom_width && custom_height) {
    return { width: custom_width, height: custom_height, mode };
  }
  const [, width, height] = RATIO.exec(aspect_ratio ?? "") ?? [];
  return width && height ? { width: Number(width), height: Number(height), mode } : null;
}

/** A JPEG of the top of a page, or of all of it. */
export function toThumbnail(metadata: Metadata): OutputOptions {
  const { thumbnail_width, thumbnail_height, thumbnail_crop } = metadata;
  return OUTPUT_OPTIONS.parse({
    format: "jpg",
    quality: metadata.quality ?? THUMBNAIL_QUALITY,
    keepHeight: THUMBNAIL_CROPS[thumbnail_crop ?? "full"],
    gravity: "north",
    width: thumbnail_width ?? (thumbnail_height ? null : THUMBNAIL_WIDTH),
    height: thumbnail_height ?? null,
    fit: "fill",
  });
}

/** A JPEG of each page: of that width, or else of that many pixels an inch. */
export function toPageImages({
  images_width,
  images_quality,
  images_dpi,
}: Metadata): OutputOptions {
  return OUTPUT_OPTIONS.parse({
    format: "jpg",
    quality: images_quality ?? PAGE_QUALITY,
    pages: "all",
    width: images_width ?? (images_dpi ? null : PAGE_WIDTH),
    dpi: images_dpi ?? null,
  });
}
