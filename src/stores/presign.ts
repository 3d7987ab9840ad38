/**
 * Presigned URLs of R2's S3 API: clients store files in the bucket without passing through the
 * Worker. AWS Signature Version 4 in the query, by aws4fetch.
 */
import { AwsClient } from "aws4fetch";

/** All but one of the first two are needed; without them nothing is presigned. */
export interface S3Variables {
  /** Of the Cloudflare account whose bucket it is. */
  R2_ACCOUNT_ID?: string;
  /** Instead of the account's own: the endpoint of a jurisdiction, for example. */
  R2_S3_ENDPOINT?: string;
  R2_ACCESS_KEY_ID?: string;
  R2_SECRET_ACCESS_KEY?: string;
  /** The bucket that FILES is bound to. */
  R2_BUCKET?: string;
}

/**
 * A URL that takes one PUT request after another, with any Content-Type, until it expires: what
 * was stored is to be checked afterwards.
 * @param validS seconds
 * @returns null where no credentials are configured
 */
export async function presignPut(
  env: S3Variables,
  key: string,
  validS: number,
): Promise<string | null> {
  const {
    R2_ACCESS_KEY_ID: accessKeyId,
    R2_SECRET_ACCESS_KEY: secretAccessKey,
    R2_BUCKET: bucket,
  } = env;
  const endpoint = findEndpoint(env);
  if (!endpoint || !accessKeyId || !secretAccessKey || !bucket) return null;
  const client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "auto" });
  const url = new URL(`${endpoint}/${bucket}/${key}`);
  url.searchParams.set("X-Amz-Expires", String(validS));
  const signed = await client.sign(url, { method: "PUT", aws: { signQuery: true } });
  return signed.url;
}

function findEndpoint({ R2_S3_ENDPOINT, R2_ACCOUNT_ID }: S3Variables): string | undefined {
  if (R2_S3_ENDPOINT) return R2_S3_ENDPOINT.replace(/\/+$/, "");
  return R2_ACCOUNT_ID && `https://${R2_ACCOUNT_ID}.r2.cloudflarestorage.com`;
}
