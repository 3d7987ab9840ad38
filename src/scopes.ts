/** What a key may be limited to. A key without scopes may do everything. */

/** `convert`: make, cancel and delete jobs. `read`: see jobs and the account, download outputs. */
export const SCOPES = ["convert", "read"] as const;
export type Scope = (typeof SCOPES)[number];
