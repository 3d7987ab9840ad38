/** A stored file as base64 within a longer text, without ever holding either as a whole. */
import { AppError } from "../../errors.ts";
import type { OutputFile } from "../../jobs/job.ts";
import { chunks } from "../../pipeline/bytes.ts";

/** Of the file at a time. A multiple of 3, so that the base64 of the chunks is that of the file. */
const CHUNK_BYTES = 3 * 64 * 1024;

/**
 * JSON whose last value is the file.
 * @throws AppError job_expired
 */
export async function sendBase64(
  bucket: R2Bucket,
  { key, sizeBytes }: OutputFile,
  around: { before: string; after: string },
): Promise<Response> {
  const object = await bucket.get(key);
  if (!object) throw new AppError("job_expired", "The files of this task are gone.");
  const before = Buffer.from(around.before);
  const after = Buffer.from(around.after);
  const lengthBytes = before.length + 4 * Math.ceil(sizeBytes / 3) + after.length;
  const { readable, writable } = new FixedLengthStream(lengthBytes);
  const write = async () => {
    const writer = writable.getWriter();
    try {
      await writer.write(before);
      for await (const chunk of chunks(object.body, CHUNK_BYTES)) {
        await writer.write(Buffer.from(toBase64(chunk), "latin1"));
      }
      await writer.write(after);
      await writer.close();
    } catch (error) {
      await writer.abort(error);
      throw error;
    }
  };
  // A failure breaks the connection, short of its length; the status has long been sent.
  write().catch((error: unknown) => console.warn("an answer in base64 broke off", error));
  return new Response(readable, { headers: { "Content-Type": "application/json" } });
}

const toBase64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("base64");
