/** What the domain needs of the outside; stores/ and objects/ implement these. */
import type { ByteSource } from "../pipeline/bytes.ts";
import type { Warning } from "../pipeline/picture.ts";
import type {
  Charge,
  DialectName,
  InputFile,
  Job,
  JobError,
  JobSpec,
  JobState,
  JobStatus,
  OutputFile,
} from "./job.ts";

/** Files of jobs: R2. Keys come from `inputKey` and `outputKey`. */
export interface FileStore {
  /**
   * @param etag the version that it must still be
   * @throws AppError not_found, upload_changed
   */
  open(key: string, etag?: string): Promise<ByteSource>;
  /**
   * Writes a stream of chunks of unknown length, in parts where it is long; memory stays within
   * one part. The object appears whole or not at all.
   */
  write(
    key: string,
    chunks: AsyncIterable<Uint8Array>,
    mimeType: string,
  ): Promise<{ sizeBytes: number }>;
  /** Removes every object whose key starts with the prefix; none is fine. */
  removeAll(prefix: string): Promise<void>;
  /** Removes objects under the prefix that were stored before `before` (ms since 1970). */
  removeOlder(prefix: string, before: number): Promise<void>;
}

export const JOBS_PREFIX = "jobs/";

/** Every file of a job lies under this. */
export const jobPrefix = (jobId: string): string => `${JOBS_PREFIX}${jobId}/`;

export const inputKey = (jobId: string, index: number): string => `${jobPrefix(jobId)}in/${index}`;

export const outputsPrefix = (jobId: string): string => `${jobPrefix(jobId)}out/`;

/** Outputs carry the attempt, so that a loser cannot overwrite the winner's. */
export const attemptPrefix = (jobId: string, attempt: number): string =>
  `${outputsPrefix(jobId)}${attempt}/`;

export const outputKey = (jobId: string, attempt: number, index: number): string =>
  `${attemptPrefix(jobId, attempt)}${index}`;

/** The answer to a consumer that wants to work on a job. */
export type Claim =
  | { kind: "granted"; attempt: number; job: JobSpec }
  /** Ended, or unknown: drop the message. */
  | { kind: "done" }
  /** Somebody else holds the lease: drop the message, the alarm sends another if that one dies. */
  | { kind: "busy" };

export interface Completion {
  outputs: OutputFile[];
  warnings: Warning[];
}

/**
 * One job's progress and lease, the truth while it lives: a Durable Object per job. A call with an
 * attempt that no longer holds the lease answers false (or `{ stop: true }`) and changes nothing.
 */
export interface JobTracker {
  /**
   * Makes the job exist: writes its record and holds its price, persists it, sets the alarm, sends
   * the message (or fetches its input first). After it returns null the job ends in a final status
   * whatever dies. An error is returned, since one that is thrown would lose its code on the way.
   * @param urgent the client waits for the end of the job, not for the news that it was accepted
   */
  accept(
    job: JobSpec,
    idempotency: IdempotencyClaim | null,
    urgent?: boolean,
  ): Promise<JobError | null>;
  /**
   * For a job that was accepted `uploading`: its file is there. Once it has been confirmed, doing
   * so again changes nothing and answers null.
   * @param ttlHours how long it is kept from now on, counted from when it was made
   */
  confirm(inputs: readonly InputFile[], ttlHours: number): Promise<JobError | null>;
  claim(): Promise<Claim>;
  /** Progress 0 to 100; renews the lease. */
  report(attempt: number, progress: number): Promise<{ stop: boolean }>;
  /** The first valid completion wins. */
  complete(attempt: number, completion: Completion): Promise<boolean>;
  /** A retryable failure is tried again with growing delay until attempts run out. */
  fail(attempt: number, error: JobError, retryable: boolean): Promise<boolean>;
  /** For the dead-letter queue: fails the job unless it has ended or somebody works on it. */
  giveUp(): Promise<void>;
  /** Does what is due, as the alarm does; for the sweep. Null when it knows no such job. */
  checkUp(): Promise<JobState | null>;
  /** Answers false when it has ended already. */
  cancel(): Promise<boolean>;
  /** Removes files and state; a live job is canceled first. */
  remove(): Promise<void>;
  /** Null when this object knows no job (removed, or expired long ago). */
  state(): Promise<JobState | null>;
  /** The state when it becomes final, or what it is after `timeoutMs`. */
  wait(timeoutMs: number): Promise<JobState | null>;
  /** Server-sent events, closed after the final one. */
  events(): Promise<ReadableStream<Uint8Array>>;
}

/** What an Idempotency-Key of a request came to; stored with the job in one transaction. */
export interface IdempotencyClaim {
  accountId: string;
  key: string;
  /** Of route, canonical request and the files' hashes. */
  fingerprint: string;
  /** The 202 body, stored to be answered again. */
  response: string;
}

/** The lasting records: D1. Every method may throw AppError storage_unavailable. */
export interface JobRecords {
  /** Null when unknown or of another account: the caller cannot tell which. */
  find(accountId: string, jobId: string): Promise<Job | null>;
  /** By id alone, for the service itself. */
  load(jobId: string): Promise<Job | null>;
  /**
   * Writes the record of a job that is new or has come to wait for a consumer, and holds its
   * price: in one transaction with the idempotency claim. Doing it again holds nothing more. A job
   * that is still uploading holds nothing.
   * @throws AppError insufficient_credits, and then nothing is written
   */
  open(
    spec: JobSpec,
    state: JobState,
    idempotency: IdempotencyClaim | null,
  ): Promise<Charge | null>;
  /**
   * Makes the record what is given; where that is an end, what is held for the job is taken or
   * given back in the same transaction. A final record changes no more, except to expired.
   */
  save(spec: JobSpec, state: JobState): Promise<void>;
  /** Gives back what is held for it. */
  remove(jobId: string): Promise<void>;
  /** A page of an account's jobs, the newest first. */
  list(
    accountId: string,
    page: {
      dialect: DialectName;
      /** Those whose record has one of the statuses, and those named; null is all. */
      only: { statuses: readonly JobStatus[]; ids: readonly string[] } | null;
      limit: number;
      offset: number;
    },
  ): Promise<Job[]>;
  /** Ids of jobs whose time is over but that are not marked so. */
  listOverdue(now: number, limit: number): Promise<string[]>;
  /** Ids of jobs created before `createdBefore` that should have ended, the oldest first. */
  listUnfinished(createdBefore: number, limit: number): Promise<string[]>;
  /** Removes idempotency keys whose time is over. */
  removeStaleKeys(now: number): Promise<void>;
}
