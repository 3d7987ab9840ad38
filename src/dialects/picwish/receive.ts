/** The body of a request in each of the forms that clients send: its fields and its file. */
import { AppError } from "../../errors.ts";
import { findBoundary, readMultipart, type Part } from "../../http/multipart.ts";
import { collectText, parseJsonObject, readText } from "../../http/small-body.ts";
import type { InputFile } from "../../jobs/job.ts";
import type { Upload } from "../../stores/inputs.ts";
import { FIELD_NAMES, type Fields } from "./request.ts";

const FILE_PART = "image_file";

export interface Received {
  fields: Fields;
  file: InputFile | null;
}

/**
 * Reads the body to its end.
 * @param storeFile called at most once, as soon as the file comes
 * @throws AppError malformed_request, unsupported_media_type, and what `storeFile` throws
 */
export async function receive(
  request: Request,
  storeFile: (upload: Upload) => Promise<InputFile>,
): Promise<Received> {
  const contentType = request.headers.get("Content-Type");
  const boundary = findBoundary(contentType);
  if (boundary !== null && request.body) {
    return receiveParts(readMultipart(request.body, boundary), storeFile);
  }
  return {
    fields: rejectFile(readFields(mediaType(contentType), await readText(request))),
    file: null,
  };
}

const mediaType = (contentType: string | null): string =>
  (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";

/** Some clients send JSON without saying so. */
function readFields(type: string, text: string): Fields {
  if (type === "application/json" || (type === "" && text.trimStart().startsWith("{"))) {
    return parseJsonObject(text);
  }
  if (type === "application/x-www-form-urlencoded" || type === "") {
    return Object.fromEntries(new URLSearchParams(text));
  }
  throw new AppError(
    "unsupported_media_type",
    "Send multipart/form-data, application/x-www-form-urlencoded or application/json.",
  );
}

/** Only multipart holds files. */
function rejectFile(fields: Fields): Fields {
  if ((fields[FILE_PART] ?? "") === "") return fields;
  throw new AppError("invalid_parameter", "`image_file` must be a file in multipart/form-data.");
}

async function receiveParts(
  parts: AsyncIterable<Part>,
  storeFile: (upload: Upload) => Promise<InputFile>,
): Promise<Received> {
  const fields: Record<string, string> = {};
  let file: InputFile | null = null;
  for await (const { name, filename, body } of parts) {
    if (name === FILE_PART) {
      if (file) throw new AppError("malformed_request", "There are two `image_file` parts.");
      file = await storeUnlessEmpty({ filename, chunks: body }, storeFile);
    } else if ((FIELD_NAMES as readonly string[]).includes(name)) {
      fields[name] = await collectText(body);
    }
  }
  return { fields, file };
}

/** Forms send the file that nobody chose as an empty one. */
async function storeUnlessEmpty(
  upload: Upload,
  storeFile: (upload: Upload) => Promise<InputFile>,
): Promise<InputFile | null> {
  try {
    return await storeFile(upload);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === "empty_file") return null;
    throw thrown;
  }
}
