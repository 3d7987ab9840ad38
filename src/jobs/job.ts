/** The domain's nouns. Plain data: they cross RPC, D1's JSON columns and Durable Object storage. */
import type { ErrorCode } from "../errors.ts";
import type { LaneName } from "../format.ts";
import type { FormatName } from "../formats.ts";
import type { OutputOptions } from "../pipeline/options.ts";
import type { SourceInfo, Warning } from "../pipeline/picture.ts";

/** Registered dialects; the one that created a job is the one that shows it. */
export type DialectName = "imagehq" | "convertorio" | "segmind" | "picwish";

export type JobStatus =
  /** Waits for its file, which the client brings by itself (`Awaited` of kind "upload"). */
  "uploading" | "queued" | "processing" | "succeeded" | "failed" | "canceled" | "expired";

export const FINAL_STATUSES: readonly JobStatus[] = ["succeeded", "failed", "canceled", "expired"];

/** The longest time that any dialect keeps a job. */
export const MAX_TTL_HOURS = 7 * 24;

export function isFinal(status: JobStatus): boolean {
  return FINAL_STATUSES.includes(status);
}

export interface InputFile {
  /** As the client named it, without folders. */
  filename: string;
  /** By its magic bytes; null where they are of no known format, and the job will fail. */
  format: FormatName | null;
  mimeType: string;
  sizeBytes: number;
  /** Lower-case hex; null where the client stored the file by itself. */
  sha256: string | null;
  /** Where it lies in the file store. */
  key: string;
  /** Version of the stored object that was checked, where the client could still replace it. */
  etag?: string;
}

/** What must come before a job can be dispatched. */
export type Awaited =
  /** The client stores the file and then says so. */
  | { kind: "upload" }
  /** The job fetches it by itself, within the policy of src/remote/. */
  | { kind: "url"; url: string; policy: UrlLimits };

/** As `UrlPolicy` of src/remote/. */
export interface UrlLimits {
  allowPrivate: boolean;
  ports?: readonly number[] | undefined;
}

/**
 * What a job costs, in conversions. They are paid from the day's free ones, then by a point each;
 * held when the job is accepted, taken when it succeeds, given back when it does not.
 */
export interface Price {
  /** Held. One an input. */
  conversions: number;
  /** The account's free conversions a day when it asked; null is no limit. */
  freePerDay: number | null;
  /** Taken in points beyond those, as far as there are any, where a side is longer than this. */
  extraPointAbovePx: number | null;
}

/** What an account has put down for a job. */
export interface Charge {
  /** From the day's free conversions. */
  free: number;
  points: number;
}

export interface OutputFile {
  /** Index as text: "0", "1", ... */
  id: string;
  /** The input's base name with the new extension, unique in the job. */
  filename: string;
  format: FormatName;
  mimeType: string;
  sizeBytes: number;
  width: number;
  height: number;
  /** The picture it was made from. */
  source: SourceInfo;
  /** Which of the input's pages that is, from 1 on; null where it has but one. */
  page: number | null;
  key: string;
}

export interface JobError {
  code: ErrorCode;
  message: string;
}

/** What was asked, fixed when the job is accepted. Times are milliseconds since 1970. */
export interface JobSpec {
  id: string;
  accountId: string;
  dialect: DialectName;
  operation: "convert";
  lane: LaneName;
  toolSlug: string | null;
  clientReferenceId: string | null;
  /** What the dialect wants to see again when it shows the job; nobody else reads it. */
  memo: Readonly<Record<string, string | number | boolean | null>>;
  createdAt: number;
  expiresAt: number;
  ttlHours: number;
  /** Null once all inputs are stored. */
  awaits: Awaited | null;
  inputs: InputFile[];
  price: Price;
  /** Applied to every input; each gives one output, or one for each page asked for, unless merged. */
  output: OutputOptions;
  /** Known when the job was accepted. */
  warnings: Warning[];
  limits: {
    maxPixels: number;
    /** Of all pages or frames together that are taken of one file. */
    maxTotalPixels: number;
    /** Longest side of a picture, in and out, in pixels. */
    maxSide: number;
    /** Of a file that the job fetches by itself. */
    maxFileBytes: number;
  };
}

/** The stages every job passes, in order. `queued` ends when a consumer claims the job. */
export const STAGES = ["queued", "processing"] as const;
export type StageName = (typeof STAGES)[number];

/** What became of it so far. */
export interface JobState {
  status: JobStatus;
  /** 0 to 100, over the whole job. */
  progress: number;
  warnings: Warning[];
  outputs: OutputFile[];
  error: JobError | null;
  startedAt: number | null;
  finishedAt: number | null;
  /** What is held, or was taken, or was given back. Null before anything was. */
  charge: Charge | null;
}

export interface Job extends JobSpec, JobState {}
