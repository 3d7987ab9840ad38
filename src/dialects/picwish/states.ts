/** `data.state` of a task: 1 is success, 0 and above 1 are on the way, below 0 are failures. */
export const STATES = {
  done: 1,
  queued: 0,
  /** The URL is being fetched. */
  preparing: 2,
  processing: 4,
  failed: -1,
  /** The result could not be stored. */
  notStored: -2,
  /** The URL could not be fetched. */
  downloadFailed: -3,
  tooLarge: -5,
  invalidImage: -7,
  timedOut: -8,
} as const;
