/** A decoder's pixels, or its error, held against libvips' decoder to the byte. */
import sharp from "sharp";
import { expect } from "vitest";
import type { Lab, LabError } from "./lab-client.ts";

export async function expectExact(lab: Lab, file: Uint8Array, label: string): Promise<void> {
  const [decoded, { data, info }] = await Promise.all([
    lab.decode(file),
    sharp(file).raw().toBuffer({ resolveWithObject: true }),
  ]);
  const { width, height, channels } = decoded;
  expect([width, height, channels], label).toEqual([info.width, info.height, info.channels]);
  expect(Buffer.compare(decoded.data, data), label).toBe(0);
  expect(decoded.used, label).toBeLessThanOrEqual(decoded.planned);
}

export const codeOf = (lab: Lab, file: Uint8Array): Promise<string> =>
  lab.decode(file).then(
    () => "decoded",
    (error: LabError) => error.code,
  );
