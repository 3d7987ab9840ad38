/** The domain's nouns. Plain data: they cross RPC, D1's JSON columns and Durable Object storage. */
import type { ErrorCode } from "../errors.ts";
import type { FormatName, LaneName } from "../formats.ts";
import type { OutputOptions } from "../pipeline/options.ts";
import type { Warning } from "../pipeline/picture.ts";

/** Registered dialects; the one that created a job is the one that shows it. */
export type DialectName = "imagehq";

export type JobStatus = "queued" | "processing" | "succeeded" | "failed" | "canceled" | "expired";

export const FINAL_STATUSES: readonly JobStatus[] = ["succeeded", "failed", "canceled", "expired"];

/** The longest time that any dialect keeps a job. */
export const MAX_TTL_HOURS = 7 * 24;

export function isFinal(status: JobStatus): boolean {
  return FINAL_STATUSES.includes(status);
}

export interface InputFile {
  /** As the client named it, without folders. */
  filename: string;
  /** By its magic bytes. */
  format: FormatName;
  mimeType: string;
  sizeBytes: number;
  /** Lower-case hex. */
  sha256: string;
  /** Where it lies in the file store. */
  key: string;
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
  createdAt: number;
  expiresAt: number;
  ttlHours: number;
  inputs: InputFile[];
  /** Applied to every input; each gives one output. */
  output: OutputOptions;
  /** Known when the job was accepted. */
  warnings: Warning[];
  limits: { maxPixels: number };
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
}

export interface Job extends JobSpec, JobState {}
