/** Fonts that a deployment has beside those that are embedded: what a store of them offers. */
import type { ByteSource } from "./bytes.ts";

export interface StoredFont {
  /** What drawings call it. */
  family: string;
  /** Changes with the file's content. */
  id: string;
  filename: string;
  sizeBytes: number;
  /** @throws AppError storage_unavailable */
  open(): Promise<ByteSource>;
}

export interface FontLibrary {
  /** All there are, in the order of their names. @throws AppError storage_unavailable */
  list(): Promise<readonly StoredFont[]>;
}
