/** Bindings and variables of each Worker, as its wrangler config names them. */
import type { LaneName } from "../format.ts";
import type { CodecService } from "../lanes/wire.ts";
import type { JobProgress } from "../objects/job-progress.ts";
import type { RateLimit } from "../objects/rate-limit.ts";
import type { UrlVariables } from "../remote/policy.ts";
import type { S3Variables } from "../stores/presign.ts";

/** The message of every lane's queue. */
export interface JobMessage {
  jobId: string;
}

export interface ApiEnv extends UrlVariables, S3Variables {
  DB: D1Database;
  FILES: R2Bucket;
  JOBS: DurableObjectNamespace<JobProgress>;
  RATE_LIMITS: DurableObjectNamespace<RateLimit>;
  /** Where clients reach the service, for absolute URLs; by default the origin they asked. */
  PUBLIC_URL?: string;
  IMAGES_QUEUE: Queue<JobMessage>;
  FORMATS_QUEUE: Queue<JobMessage>;
  DOCUMENTS_QUEUE: Queue<JobMessage>;
  /** Resolver for the hosts of URLs: DNS over HTTPS, JSON format. */
  DOH_URL?: string;
}

/** The queue of each lane, by its binding in the api Worker. */
export const LANE_QUEUES = {
  images: "IMAGES_QUEUE",
  formats: "FORMATS_QUEUE",
  documents: "DOCUMENTS_QUEUE",
} as const satisfies Record<LaneName, keyof ApiEnv>;

/** Of every lane. */
export interface ConsumerEnv {
  FILES: R2Bucket;
  JOBS: DurableObjectNamespace<JobProgress>;
}

export interface DocumentsEnv extends ConsumerEnv {
  /** The formats lane's codecs. */
  FORMATS: CodecService;
  /** Of the keys of fonts in the bucket, with the slash at its end; without it none are looked for. */
  FONTS_PREFIX?: string;
}
