/** The commands of the README, run as a user runs them. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  findFreePort,
  makeFolder,
  runScript,
  startService,
  type Service,
} from "../support/process.ts";

/** In a form that is nobody's. */
const API_KEY = "sk_live_any-form/at+all=";

async function makeJpeg(): Promise<Buffer> {
  return await sharp({
    create: { width: 640, height: 480, channels: 3, background: { r: 200, g: 90, b: 30 } },
  })
    .jpeg()
    .toBuffer();
}

async function statusOf(service: Service, key: string): Promise<number> {
  const response = await fetch(`${service.url}/v1/jobs/job_none`, {
    headers: { Authorization: `Bearer ${key}` },
  });
  await response.body?.cancel();
  return response.status;
}

describe("npm start", () => {
  const state = makeFolder();
  let service: Service;
  let port: string;
  beforeAll(async () => {
    port = await findFreePort();
    service = await startService({ PORT: port, STATE_DIR: state.path, API_KEY });
  });
  afterAll(async () => {
    await service.killGroup("SIGKILL").catch(() => undefined);
    state.remove();
  });

  test("says where it is ready", () => {
    expect(service.lines.at(-1)).toBe(`ready http://127.0.0.1:${port}`);
  });

  test("accepts a key of any form from API_KEY, and no other", async () => {
    expect(await statusOf(service, API_KEY)).toBe(404);
    expect(await statusOf(service, "another")).toBe(401);
  });

  test("refuses a port that is taken, at once and by name", async () => {
    const other = makeFolder();
    const second = startService({ PORT: port, STATE_DIR: other.path });
    await expect(second).rejects.toThrow(`Port ${port} is in use`);
    other.remove();
  });

  test("honours keys that are created and revoked while it runs", async () => {
    const env = { STATE_DIR: state.path };
    const created = await runScript(
      "keys",
      ["create", "--account", "O'Hara", "--plan", "pro"],
      env,
    );
    const key = created.stdout.trim();
    expect(created.code).toBe(0);
    expect(await statusOf(service, key)).toBe(404);

    const listed = await runScript("keys", ["list", "--account", "O'Hara", "--json"], env);
    expect(listed.stdout).not.toContain(key);
    const [row] = JSON.parse(listed.stdout) as Record<string, unknown>[];
    expect(row).toMatchObject({ account: "O'Hara", plan: "pro", revoked_at: null });

    const revoked = await runScript("keys", ["revoke", String(row?.["id"])], env);
    expect(revoked.code).toBe(0);
    expect(await statusOf(service, key)).toBe(401);
    expect((await runScript("keys", ["revoke", "key_none"], env)).code).toBe(1);
  });

  test("honours accounts that are made, credited and suspended while it runs", async () => {
    const env = { STATE_DIR: state.path };
    const accounts = (...args: string[]) => runScript("accounts", args, env);
    const created = await accounts("create", "Ada", "--email", "ada@example.com", "--points", "2");
    expect(created.stdout.trim()).toMatch(/^acct_/);
    expect((await accounts("create", "Ada")).code).toBe(1);
    expect((await accounts("credit", "Ada", "50")).stdout).toContain("52 points");
    expect((await accounts("credit", "Ada", "-2")).stdout).toContain("50 points");
    const grant = ["create", "--account", "Ada", "--scopes", "convert"];
    const key = (await runScript("keys", grant, env)).stdout.trim();
    // A key that may only convert cannot read jobs.
    expect(await statusOf(service, key)).toBe(403);
    const [shown] = JSON.parse((await accounts("show", "Ada", "--json")).stdout) as object[];
    expect(shown).toMatchObject({
      ...{ name: "Ada", email: "ada@example.com", plan: "free", points: 50, keys: 1 },
      ...{ used_today: 0, free_per_day: 5, total_conversions: 0, suspended_at: null },
    });
    const full = (await runScript("keys", ["create", "--account", "Ada"], env)).stdout.trim();
    expect(await statusOf(service, full)).toBe(404);
    await accounts("suspend", "Ada");
    expect(await statusOf(service, full)).toBe(403);
    await accounts("resume", created.stdout.trim());
    expect(await statusOf(service, full)).toBe(404);
    expect((await accounts("credit", "nobody", "1")).code).toBe(1);
    expect((await accounts("credit", "Ada", "much")).code).toBe(2);
  });

  test("serves npm run convert by PIXMILL_URL and PIXMILL_KEY", async () => {
    const folder = makeFolder();
    const [input, output] = [join(folder.path, "in.jpg"), join(folder.path, "out.png")];
    writeFileSync(input, await makeJpeg());
    const refused = await runScript("convert", [input, output, "--url", service.url, "--key", "x"]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("(unauthorized)") });

    const env = { PIXMILL_URL: service.url, PIXMILL_KEY: API_KEY };
    const refusedOption = await runScript("convert", [input, output, "--quality", "101"], env);
    expect(refusedOption.stderr).toMatch(/quality.*\(invalid_parameter\)/);
    expect(readdirSync(folder.path)).toEqual(["in.jpg"]);

    expect(await runScript("convert", [input, output], env)).toMatchObject({ code: 0 });
    expect(await sharp(output).metadata()).toMatchObject({ format: "png", width: 640 });

    const scan = join(folder.path, "scan.tif");
    const pages = [
      await sharp(output).resize(40, 30).png().toBuffer(),
      await sharp(output).resize(40, 30).negate().png().toBuffer(),
    ];
    writeFileSync(
      scan,
      await sharp(pages, { join: { animated: true } })
        .tiff({ compression: "lzw" })
        .toBuffer(),
    );
    expect(await runScript("convert", [scan, output, "--pages", "all"], env)).toMatchObject({
      code: 0,
    });
    expect(readdirSync(folder.path)).toEqual([
      "in.jpg",
      "out-1.png",
      "out-2.png",
      "out.png",
      "scan.tif",
    ]);
    expect(await sharp(join(folder.path, "out-2.png")).metadata()).toMatchObject({ width: 40 });
    folder.remove();
  });

  test("leaves no process behind on SIGTERM", async () => {
    const { code, leftBehind } = await service.stop();
    expect(leftBehind).toEqual([]);
    expect(code).toBe(0);
  });
});

describe("npm start without API_KEY", () => {
  test("makes a key once, prints it and keeps it; Ctrl-C stops everything", async () => {
    const state = makeFolder();
    const env = { PORT: await findFreePort(), STATE_DIR: state.path, API_KEY: "" };
    const keys: (string | undefined)[] = [];
    for (let start = 0; start < 2; start++) {
      const service = await startService(env);
      const key = service.lines.find((line) => line.startsWith("API key: "))?.slice(9);
      keys.push(key);
      expect(await statusOf(service, key ?? "")).toBe(404);
      await service.killGroup("SIGINT");
      expect((await service.stop()).leftBehind).toEqual([]);
    }
    expect(keys[0]).toMatch(/^pm_/);
    expect(keys[1]).toBe(keys[0]);
    state.remove();
  });
});

describe("npm run convert", () => {
  const folder = makeFolder();
  const temporary = makeFolder();
  const file = (name: string) => join(folder.path, name);
  // Without Node's own cache, which lies in the same place.
  const env = { TMPDIR: temporary.path, NODE_DISABLE_COMPILE_CACHE: "1" };
  const convert = (...args: string[]) => runScript("convert", args, env);
  afterAll(() => {
    folder.remove();
    temporary.remove();
  });

  test("converts a file with a service of its own, and leaves only the output", async () => {
    writeFileSync(file("in.jpg"), await makeJpeg());
    const { code, stderr, leftBehind } = await convert(
      ...[file("in.jpg"), file("out.webp"), "--width", "320", "--strip_metadata", "false"],
    );
    // Processing is shown only where it takes its time.
    const stages = stderr.replace("processing\n", "");
    expect(stages).toBe("starting\nuploading\nqueued\nsucceeded\ndownloading\n");
    expect(code).toBe(0);
    const { format, width, height } = await sharp(file("out.webp")).metadata();
    expect({ format, width, height }).toEqual({ format: "webp", width: 320, height: 240 });
    expect(leftBehind).toEqual([]);
    expect(readdirSync(temporary.path)).toEqual([]);
    expect(readdirSync(folder.path)).toEqual(["in.jpg", "out.webp"]);
  });

  test("fails with the error's message and code, and leaves no output", async () => {
    const jpeg = await makeJpeg();
    writeFileSync(file("cut.jpg"), jpeg.subarray(0, jpeg.length / 2));
    const before = readdirSync(folder.path);
    const { code, stderr, leftBehind } = await convert(file("cut.jpg"), file("cut.png"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/\(truncated_image\)\n$/);
    expect(leftBehind).toEqual([]);
    expect(readdirSync(temporary.path)).toEqual([]);
    expect(readdirSync(folder.path)).toEqual(before);
  });

  test.each([
    ["no arguments", []],
    ["an unknown option", ["in.jpg", "out.png", "--widht", "3"]],
    ["an output without a known extension", ["in.jpg", "out.xyz"]],
    ["a service without a key", ["in.jpg", "out.png", "--url", "http://127.0.0.1:9"]],
  ])("refuses %s before it starts anything", async (_case, args) => {
    const { code, stderr } = await convert(...args);
    expect(code).toBe(2);
    expect(stderr).not.toContain("starting");
  });
});
