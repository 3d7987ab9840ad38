/** The wire's nouns, as schemas: they check requests and write the OpenAPI document. */
import { z } from "@hono/zod-openapi";
import { ERRORS, type ErrorCode } from "../../errors.ts";
import { formatNames, writableFormats } from "../../find-format.ts";
import {
  CHROMA_SUBSAMPLINGS,
  TIFF_COMPRESSIONS,
  EFFORTS,
  FITS,
  GRAVITIES,
  ICON_SIZES,
  KERNELS,
  MAX_PAGE,
  MAX_DPI,
  MAX_PAGE_MARGIN_MM,
  MAX_PASSWORD_CHARACTERS,
  MAX_TARGET_BYTES,
  MIN_DPI,
  PAGE_ORIENTATIONS,
  PAGE_SIZES,
} from "../../pipeline/options.ts";
import { MAX_FRAMES, MAX_SIDE } from "../../limits.ts";
import { PAGES_PATTERN } from "../../pipeline/pages.ts";

const side = z.int().min(1).max(MAX_SIDE);

const outputFormat = z.string().openapi({
  description: `Format of the outputs: ${writableFormats().join(", ")}, or an alias such as jpeg.`,
  example: "jpg",
});

/** Every member is optional; what a member means without a value is pipeline/options.ts's matter. */
export const OUTPUT = z
  .object({
    output_format: outputFormat.optional(),
    quality: z.int().min(1).max(100).optional(),
    max_bytes: z.int().min(1).max(MAX_TARGET_BYTES).optional().openapi({
      description:
        "The file has at most this many bytes, or the job fails. `quality` is then the most that is tried, 95 if not given; where quality is not enough, the picture gets smaller.",
      example: 200_000,
    }),
    lossless: z.boolean().optional(),
    effort: z.enum(EFFORTS).optional(),
    chroma_subsampling: z.enum(CHROMA_SUBSAMPLINGS).optional().openapi({
      description:
        "For jpg and avif: whether colours keep their resolution (4:4:4) or half of it in either direction (4:2:0). `auto` keeps it from quality 90 on.",
    }),
    compression: z.enum(TIFF_COMPRESSIONS).optional().openapi({
      description:
        "For tiff, always without loss: deflate is the smallest, lzw what the oldest readers know.",
    }),
    colors: z.int().min(2).max(256).optional().openapi({
      description:
        "For png: a palette of so many colours at most. Pictures that have more are dithered.",
    }),
    dither: z.number().min(0).max(1).optional().openapi({
      description:
        "For gif, and for png with `colors`: how strongly colours that the palette lacks are mixed from their neighbours; 0 is not at all.",
    }),
    background: z.string().optional().openapi({
      description:
        "What transparent pixels are flattened on and `contain` pads with: #rgb, #rgba, #rrggbb, #rrggbbaa, white, black or transparent.",
      example: "#ffffff",
    }),
    strip_metadata: z.boolean().optional(),
    dpi: z.int().min(MIN_DPI).max(MAX_DPI).optional().openapi({
      description:
        "How large pages and drawings are made where no width or height is given: pixels an inch. PDF pages have 150 without it, SVG drawings 96.",
    }),
    page_size: z.enum(PAGE_SIZES).optional().openapi({
      description: "For pdf: the paper, or `fit`, a page as large as the picture at `dpi` (96).",
    }),
    page_orientation: z.enum(PAGE_ORIENTATIONS).optional(),
    page_margin: z.number().min(0).max(MAX_PAGE_MARGIN_MM).optional().openapi({
      description: "For pdf: millimetres around the picture.",
    }),
    password: z.string().max(MAX_PASSWORD_CHARACTERS).optional().openapi({
      description: "Opens a protected PDF. It is kept only until the job has ended.",
    }),
    width: side.optional(),
    height: side.optional(),
    fit: z.enum(FITS).optional(),
    gravity: z.enum(GRAVITIES).optional(),
    kernel: z.enum(KERNELS).optional(),
    linear_light: z.boolean().optional().openapi({
      description:
        "Resamples light instead of the values that encode it, so that fine bright detail keeps its brightness. Takes longer: the whole picture is decoded.",
    }),
    page: z.int().min(1).max(MAX_PAGE).optional().openapi({
      description: "The input's page to convert, counted from 1. Not together with `pages`.",
    }),
    pages: z.string().trim().regex(PAGES_PATTERN).optional().openapi({
      description:
        "Pages to convert, each to an output of its own: `all`, or numbers and ranges from 1 on. Without `page` and `pages` it is the first.",
      example: "1,3-5",
    }),
    merge: z.boolean().optional().openapi({
      description:
        "For pdf and tiff: makes one file, named after the first input, whose pages are all inputs and of each the pages asked for.",
    }),
    frame: z.int().min(1).max(MAX_FRAMES).optional().openapi({
      description:
        "The one frame of an animation to convert, counted from 1. Without it formats that can move keep all frames, others get the first.",
    }),
    icon_sizes: z.array(z.literal(ICON_SIZES)).min(1).optional().openapi({
      description:
        "Squares that an ico file is to hold, in pixels. They take the place of `width` and `height`; `fit` is `contain` unless it is `cover` or `fill`.",
    }),
  })
  .openapi("OutputOptions");

const ttlHours = z.int().min(1).openapi({ description: "Clamped to the plan's maximum." });

export const RETENTION_REQUEST = z
  .object({ clamp: z.boolean().optional(), ttl_hours: ttlHours.optional() })
  .openapi("RetentionRequest");

export const CONVERT_REQUEST = z
  .object({
    client_reference_id: z.string().max(255).optional(),
    input_url: z.string().optional().openapi({
      description: "Fetched by the job, in place of an uploaded file.",
      example: "https://example.com/photo.jpg",
    }),
    input_format: z.string().optional().openapi({
      description: "Informational: the content of a file decides.",
    }),
    output: OUTPUT.optional(),
    output_format: outputFormat.optional(),
    retention_policy: RETENTION_REQUEST.optional(),
    tool_slug: z.string().max(255).optional().openapi({ example: "png-to-jpg" }),
    ttl_hours: ttlHours.optional(),
  })
  .openapi("ConvertRequest");

export type ConvertRequest = z.output<typeof CONVERT_REQUEST>;

export const JOB_STATUS = z
  .enum(["queued", "processing", "succeeded", "failed", "canceled", "expired"])
  .openapi("JobStatus");

export const STAGE_STATUS = z
  .enum(["pending", "processing", "succeeded", "failed", "canceled"])
  .openapi("StageStatus");

const progress = z.int().min(0).max(100);
const time = z.iso.datetime();

const queuedMembers = {
  client_reference_id: z.string().nullable(),
  created_at: time,
  current_stage: z.enum(["queued", "processing"]),
  expires_at: time,
  id: z.string().openapi({ example: "job_0123456789abcdefghjkmnpqrs" }),
  job_id: z.string().openapi({ description: "The same as `id`." }),
  operation: z.literal("convert"),
  poll_url: z.string(),
  progress,
  status: JOB_STATUS,
  tool_slug: z.string().nullable(),
};

export const QUEUED_JOB = z.object(queuedMembers).openapi("QueuedJob");

const fileMembers = {
  filename: z.string(),
  format: z.enum(formatNames()),
  mime_type: z.string(),
  size_bytes: z.int(),
};

const notice = z.object({ code: z.string(), message: z.string() });

export const JOB = z
  .object({
    ...queuedMembers,
    download_url: z.string().optional().openapi({ description: "Once the job has succeeded." }),
    error: notice.optional().openapi({ description: "When the job has failed." }),
    inputs: z.array(z.object({ ...fileMembers, format: z.enum(formatNames()).nullable() })),
    outputs: z.array(
      z.object({
        ...fileMembers,
        id: z.string(),
        width: z.int(),
        height: z.int(),
        page: z
          .int()
          .optional()
          .openapi({ description: "Which of the input's pages it shows, where that has several." }),
      }),
    ),
    retention_policy: z.object({ clamp: z.boolean(), ttl_hours: z.int() }),
    stages: z.array(
      z.object({ name: z.enum(["queued", "processing"]), progress, status: STAGE_STATUS }),
    ),
    warnings: z.array(notice),
  })
  .openapi("Job");

export type QueuedJob = z.input<typeof QUEUED_JOB>;
export type JobBody = z.input<typeof JOB>;

export const PROBLEM = z
  .object({
    type: z.string().openapi({ description: "A URI that names the code." }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    request_id: z.string(),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .openapi({ description: "The members of the request that were refused." }),
  })
  .loose()
  .openapi("Problem");

export type Problem = z.input<typeof PROBLEM>;
