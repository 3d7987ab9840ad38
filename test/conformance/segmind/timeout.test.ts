import { expect, test } from "vitest";
import { startTestStack } from "../../support/stack.ts";
import { drawPicture, get, post, readError, toDataUri } from "./client.ts";

test("504 after a minute where no consumer takes the job up; it is canceled and costs nothing", async () => {
  const stack = await startTestStack({}, { lanes: false });
  try {
    const { id, key } = await stack.createAccount("free");
    const body = { image_url: toDataUri(await drawPicture()), target_format: "webp" };
    const response = await post(stack, body, { key });
    const requestId = response.headers.get("x-request-id") ?? "";
    expect(await readError(response)).toMatchObject({ status: 504, extra: [] });
    expect((await get(stack, `/v2/requests/${requestId}`, key)).status).toBe(422);
    const used = stack.env.DB.prepare("SELECT daily_used FROM accounts WHERE id = ?").bind(id);
    expect(await used.first("daily_used")).toBe(0);
  } finally {
    await stack.close();
  }
}, 180_000);
