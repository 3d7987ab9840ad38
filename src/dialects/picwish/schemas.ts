/** The wire's nouns, as schemas for the OpenAPI document; the types of what is answered. */
import { z } from "@hono/zod-openapi";

const time = z.int().openapi({ description: "Unix time in seconds; 0 before it has come." });

export const TASK = z
  .object({
    task_id: z.uuid(),
    created_at: time,
    processed_at: time,
    completed_at: time,
    return_type: z.int().openapi({ description: "1: `image` is a URL; 2: base64." }),
    progress: z.int().min(0).max(100).openapi({ description: "100 when it has succeeded." }),
    state: z.int().openapi({
      description:
        "1 done; 0 queued, 2 preparing, 4 processing; -1 failed, -2 result not stored, -3 download failed, -5 too large, -7 invalid image, -8 timed out.",
    }),
    state_detail: z.string(),
    warnings: z.array(z.object({ code: z.string(), message: z.string() })),
    image: z.string().openapi({ description: "The result, for an hour; empty without one." }),
  })
  .openapi("PicWishTask");

export type Task = z.input<typeof TASK>;

export const TASK_BODY = z
  .object({ status: z.literal(200), message: z.string(), data: TASK })
  .openapi("PicWishTaskBody");

export type TaskBody = z.input<typeof TASK_BODY>;

export const ERROR_BODY = z
  .object({
    status: z.int().openapi({ description: "The HTTP status." }),
    message: z.string(),
    data: z.object({}),
  })
  .openapi("PicWishError");

export type ErrorBody = z.input<typeof ERROR_BODY>;

const side = z.int().min(0).max(8000).optional();

const fields = {
  sync: z.int().min(0).max(1).optional().openapi({ description: "1 waits up to 30 seconds." }),
  format: z.enum(["jpg", "jpeg", "png", "webp"]).optional(),
  return_type: z.int().min(1).max(2).optional(),
  quality: z.int().min(1).max(100).optional(),
  kbyte: z.int().min(0).max(51_200).optional(),
  width: side,
  height: side,
};

export const URL_REQUEST = z.object({ image_url: z.url(), ...fields }).openapi("PicWishUrlRequest");

export const FILE_REQUEST = z
  .object({ image_file: z.string().openapi({ format: "binary" }), ...fields })
  .openapi("PicWishFileRequest");
