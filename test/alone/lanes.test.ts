/** Lanes that work for each other: pixels pass between real Workers. */
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { API_CONFIG, ROOT } from "../../src/cli/project.ts";
import { startHarness } from "../support/harness.ts";
import { LabError } from "../support/lab-client.ts";
import { judgeAnimation } from "../support/judge-animation.ts";
import { psnr } from "../support/psnr.ts";
import { readResidentMib } from "../support/resident.ts";

let relay: Awaited<ReturnType<typeof startRelay>>;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.close());

async function startRelay() {
  const configs = ["test/support/wrangler.relay.toml", "wrangler.formats.toml", API_CONFIG];
  const { harness } = await startHarness(
    configs.map((config) => ({ configPath: join(ROOT, config) })),
  );
  return {
    async convert(file: Uint8Array, options: object, query: Record<string, unknown> = {}) {
      const search = new URLSearchParams({ options: JSON.stringify(options) });
      for (const [name, value] of Object.entries(query)) search.set(name, String(value));
      const response = await harness.fetch(`/?${search}`, {
        method: "POST",
        body: file as Uint8Array<ArrayBuffer>,
      });
      if (!response.ok) {
        const error = (await response.json()) as { code: string; message: string };
        throw new LabError(response.status, error.code, error.message);
      }
      const [made] = JSON.parse(response.headers.get("x-lab") ?? "[]");
      return { ...made, file: Buffer.from(await response.arrayBuffer()) };
    },
    close: () => harness.close(),
  };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no error",
    (error: unknown) => (error instanceof LabError ? error.code : String(error)),
  );

const draw = (width: number, height: number, channels: 3 | 4 = 3) => {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    data[i] = 128 + 100 * Math.sin(pixel / 97 + (i % channels)) + ((pixel * 31) % 17);
  }
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
};

const pixelsOf = async (file: Buffer) => await sharp(file).raw().toBuffer();

describe.each(["decode", "encode", "both"])("%s in another lane", (side) => {
  test("exact", async () => {
    for (const channels of [3, 4] as const) {
      const input = await draw(701, 503, channels).png().toBuffer();
      const made = await relay.convert(input, { format: "png" }, { side });
      expect(made).toMatchObject({ width: 701, height: 503, format: "png", warnings: [] });
      expect((await pixelsOf(made.file)).equals(await pixelsOf(input))).toBe(true);
    }
  });

  test("metadata, orientation and a resize", async () => {
    const input = await draw(600, 400)
      .withMetadata({ orientation: 6 })
      .withIccProfile("p3")
      .jpeg()
      .toBuffer();
    const options = { format: "jpg", width: 100, stripMetadata: false };
    const made = await relay.convert(input, options, { side });
    expect(made).toMatchObject({ width: 100, height: 150 });
    const { icc, exif, orientation } = await sharp(made.file).metadata();
    expect([icc?.length, exif !== undefined, orientation]).toEqual([
      (await sharp(input).metadata()).icc?.length,
      true,
      1,
    ]);
  });

  test("warnings that the decoder finds on the way", async () => {
    const whole = await draw(64, 64).jpeg().toBuffer();
    const input = Buffer.concat([whole.subarray(0, -2), Buffer.alloc(20), whole.subarray(-2)]);
    const { warnings } = await relay.convert(input, { format: "png" }, { side });
    expect(warnings).toMatchObject([{ code: "damaged_input" }]);
  });

  test("an error in the middle arrives as what it is, and the next conversion works", async () => {
    const input = await draw(1000, 1000).png({ compressionLevel: 1 }).toBuffer();
    for (let i = 0; i < 3; i++) {
      const cut = input.subarray(0, input.length / 2);
      expect(await codeOf(relay.convert(cut, { format: "jpg" }, { side }))).toBe("truncated_image");
    }
    expect((await relay.convert(input, { format: "jpg" }, { side })).width).toBe(1000);
  });

  test("a limit of memory arrives with its code", async () => {
    const input = await draw(4000, 3000).png({ compressionLevel: 1, progressive: true }).toBuffer();
    const options = { format: "webp", lossless: true };
    expect(await codeOf(relay.convert(input, options, { side }))).toBe("memory_limit");
  });

  /** Seven of them would not fit the memory together: what leaked would keep the last one out. */
  test("a conversion that is stopped gives its memory back on both sides", async () => {
    const input = await draw(3000, 2000).webp({ lossless: true, effort: 0 }).toBuffer();
    const options = { format: "gif" };
    for (let i = 0; i < 6; i++) {
      expect(await codeOf(relay.convert(input, options, { side, stopAt: 0.1 }))).toBe("canceled");
    }
    expect((await relay.convert(input, options, { side })).format).toBe("gif");
  });
});

describe("an animation", () => {
  const DELAYS = [30, 70, 200, 100];

  /** Of rows that pieces of a stream cut anywhere. */
  async function animate(): Promise<Buffer> {
    const frame = await draw(301, 97).raw().toBuffer();
    const frames = DELAYS.map((_, i) => frame.map((value) => (value + 60 * i) & 0xf0));
    const raw = { width: 301, height: 97 * DELAYS.length, channels: 3, pageHeight: 97 } as const;
    return await sharp(Buffer.concat(frames), { raw }).gif({ delay: DELAYS, loop: 3 }).toBuffer();
  }

  test("passes with all its frames, their times and how often it plays", async () => {
    const input = await animate();
    for (const format of ["webp", "gif"] as const) {
      const options = { format, lossless: format === "webp" };
      const made = await relay.convert(input, options, { side: "decode" });
      expect(made.warnings).toEqual([]);
      const [got, wanted] = [await judgeAnimation(made.file), await judgeAnimation(input)];
      expect(got).toMatchObject({ durations: DELAYS, plays: 3 });
      expect(psnr(got.data, wanted.data)).toBe(Infinity);
    }
  });

  test("gives up any of its frames alone", async () => {
    const input = await animate();
    const options = { format: "png", frame: 3 };
    const { file, warnings } = await relay.convert(input, options, { side: "decode" });
    expect(warnings).toEqual([]);
    const wanted = await sharp(input, { page: 2 }).ensureAlpha().raw().toBuffer();
    expect(psnr(await sharp(file).ensureAlpha().raw().toBuffer(), wanted)).toBe(Infinity);
  });

  /** One is admitted at a time: what leaked would keep the next one out. */
  test("that is stopped gives its memory back", async () => {
    const size = { width: 3400, height: 2500 };
    const [first, second] = await Promise.all(
      ["red", "blue"].map((background) =>
        sharp({ create: { ...size, channels: 3, background } })
          .raw()
          .toBuffer(),
      ),
    );
    const raw = { ...size, channels: 3, height: 2 * size.height, pageHeight: size.height } as const;
    const frames = Buffer.concat([first as Buffer, second as Buffer]);
    const input = await sharp(frames, { raw }).gif().toBuffer();
    for (let i = 0; i < 4; i++) {
      const options = { format: "png", frame: 1, width: 30 };
      expect(await relay.convert(input, options, { side: "decode" })).toMatchObject({ width: 30 });
    }
  });

  test("is cut short by an error that arrives as what it is", async () => {
    const input = await animate();
    const cut = relay.convert(input.subarray(0, -400), { format: "webp" }, { side: "decode" });
    expect(await codeOf(cut)).toBe("truncated_image");
  });

  test("is its first frame for an encoder in another lane", async () => {
    const { warnings } = await relay.convert(await animate(), { format: "gif" });
    expect(warnings).toMatchObject([{ code: "animation_first_frame" }]);
  });
});

test("a header that the other lane cannot read arrives with its code", async () => {
  const damaged = Buffer.from("GIF87a but nothing else of a picture");
  expect(await codeOf(relay.convert(damaged, { format: "png" }))).toBe("invalid_image");
});

test("12 megapixels pass both ways, again and again, in flat memory", async () => {
  const input = await draw(4032, 3024).jpeg().toBuffer();
  const convert = () => relay.convert(input, { format: "jpg" });
  for (let i = 0; i < 3; i++) await convert();
  const before = readResidentMib();
  let most = 0;
  for (let i = 0; i < 6; i++) {
    const { file } = await convert();
    expect((await sharp(file).metadata()).width).toBe(4032);
    most = Math.max(most, readResidentMib() - before);
  }
  // A picture is 36 MB: six of them, twice each, would be 440.
  expect(most).toBeLessThan(60);
});
