/** Identifiers of new jobs. */

/** `job_` and 26 characters of Crockford's base 32: 130 random bits, nobody guesses one. */
export function createJobId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(26));
  return `job_${Array.from(bytes, (byte) => ALPHABET[byte % 32]).join("")}`;
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
