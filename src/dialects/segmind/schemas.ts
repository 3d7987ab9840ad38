/** The wire's nouns, as schemas for the OpenAPI document. */
import { z } from "@hono/zod-openapi";
import { TARGET_FORMATS } from "./request.ts";

export const CONVERTER_REQUEST = z
  .object({
    image_url: z.string().openapi({
      description: "An http or https URL, a data URI, or base64.",
      example: "https://example.com/photo.jpg",
    }),
    target_format: z.enum(TARGET_FORMATS),
  })
  .openapi("SegmindConverterRequest");

const links = {
  poll_url: z.url(),
  status_url: z.url(),
  response_url: z.url(),
};
const LINKS = z.object(links);
export type Links = z.output<typeof LINKS>;

/** Times are seconds. Empty until the request has ended. */
const METRICS = z
  .object({
    inference_time: z.number(),
    queue_time: z.number(),
    total_time: z.number(),
    cost: z.number(),
    remaining_credits: z.number(),
  })
  .partial()
  .openapi("SegmindMetrics");
export type Metrics = z.output<typeof METRICS>;

const requestId = z.uuid();

export const SUBMITTED = z
  .object({ request_id: requestId, status: z.literal("QUEUED"), ...links })
  .openapi("SegmindSubmitted");

export const STATUS = z
  .object({
    status: z.enum(["QUEUED", "PROCESSING", "COMPLETED", "FAILED"]),
    request_id: requestId,
    ...links,
    metrics: METRICS,
  })
  .openapi("SegmindStatus");
export type RequestStatus = z.output<typeof STATUS>;

export const RESULT = z
  .object({
    status: z.literal("COMPLETED"),
    request_id: requestId,
    output: z.url(),
    images: z.array(
      z.object({
        url: z.url(),
        content_type: z.string(),
        file_name: z.string(),
        file_size: z.string().openapi({ description: "Bytes." }),
      }),
    ),
    error: z.null(),
    metrics: METRICS,
  })
  .openapi("SegmindResult");
export type RequestResult = z.output<typeof RESULT>;

/** What v1 answers where JSON is asked for. */
export const CONVERTED = RESULT.extend({ image: z.url() }).openapi("SegmindConverted");

export const FAILED = z
  .object({
    status: z.literal("FAILED"),
    error: z.string(),
    metrics: METRICS,
    request_id: requestId,
  })
  .openapi("SegmindFailed");
export type FailedRequest = z.output<typeof FAILED>;

export const ERROR = z.object({ error: z.string() }).openapi("SegmindError");

const balance = { credits: z.object({ remaining: z.int(), used: z.int() }) };

export const CREDITS = z
  .object({ ...balance, data: z.object(balance).openapi({ description: "The same again." }) })
  .openapi("SegmindCredits");
