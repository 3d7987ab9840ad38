/** Promises about a file's length hold whatever encoders and stores do. */
import { expect, describe, it } from "vitest";
import type { Codec, Encoder, LaneCodecs } from "../../src/codecs/codec.ts";
import { AppError } from "../../src/errors.ts";
import { IMAGES_CODECS } from "../../src/lanes/images.ts";
import { MAX_PIXELS } from "../../src/limits.ts";
import { fromBytes } from "../../src/pipeline/bytes.ts";
import type { ConvertContext } from "../../src/pipeline/convert.ts";
import { deliver } from "../../src/pipeline/deliver.ts";
import { MemoryGate } from "../../src/pipeline/memory.ts";
import { OUTPUT_OPTIONS } from "../../src/pipeline/options.ts";
import type { Picture, Strip } from "../../src/pipeline/picture.ts";
import type { Write, Written } from "../../src/pipeline/write.ts";

const MAX_ENCODES = 6;

async function drawPng(width: number, height: number): Promise<Uint8Array> {
  async function* strips(): AsyncGenerator<Strip> {
    for (let y = 0; y < height; y++) {
      const data = new Uint8Array(3 * width).map((_, i) => (i * y) >> 5);
      yield { y, rows: 1, data };
    }
  }
  const picture: Picture = { width, height, channels: 3, icc: null, strips: strips() };
  const workspace = await new MemoryGate().admit(16 * 1024 * 1024);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const options = {
    ...({ quality: 80, lossless: true, effort: "fast", colors: null, iconSizes: null } as const),
    ...({
      chromaSubsampling: "auto",
      compression: "deflate",
      restartRows: 0,
      dither: 0.5,
    } as const),
    metadata: { icc: null, exif: null, xmp: null },
  };
  for await (const chunk of IMAGES_CODECS.png.encoder.encode(picture, options, workspace)) {
    parts.push(chunk as Uint8Array<ArrayBuffer>);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Probed whole, and by a sample. */
const SMALL = await drawPng(300, 200);
const LARGE = await drawPng(2000, 1000);

/** Encoders whose files have a length that is made up. */
function codecs(length: (quality: number, pixels: number, call: number) => number) {
  let calls = 0;
  const encoder: Encoder = {
    memory: () => 0,
    async *encode({ width, height, strips }, { quality }) {
      for await (const _ of strips);
      const bytes = Math.ceil(length(quality, width * height, calls++));
      for (let left = bytes; left > 0; left -= 1000) yield new Uint8Array(Math.min(left, 1000));
    },
  };
  const jpg: Codec = { ...IMAGES_CODECS.jpg, encoder };
  const made = { ...IMAGES_CODECS, jpg } satisfies LaneCodecs;
  return { codecs: made, calls: () => calls };
}

/** A store of one file. */
function createStore(fail?: Error) {
  const store = {
    stored: null as number | null,
    writes: 0,
    write: (async (chunks) => {
      store.writes++;
      let sizeBytes = 0;
      for await (const chunk of chunks) sizeBytes += chunk.length;
      if (fail) throw fail;
      store.stored = sizeBytes;
      return { sizeBytes };
    }) satisfies Write,
  };
  return store;
}

async function run(
  file: Uint8Array,
  options: object,
  changes: Partial<ConvertContext>,
  store = createStore(),
) {
  const gate = new MemoryGate();
  const context = { codecs: IMAGES_CODECS, gate, maxPixels: MAX_PIXELS, ...changes };
  const asked = OUTPUT_OPTIONS.parse({ format: "jpg", quality: 95, ...options });
  const outcome = await deliver(fromBytes(file), asked, context, store.write)
    .next()
    .then(
      ({ value }) => ({ written: value ?? null, error: null }),
      (error: unknown) => ({ written: null, error }),
    );
  expect(gate.reservedBytes).toBe(0);
  return { ...outcome, store };
}

const codeOf = (error: unknown) => (error instanceof AppError ? error.code : String(error));

const perPixel = (quality: number) => 0.02 * Math.exp(0.03 * quality);

describe("a limit in bytes", () => {
  const lengths: Record<string, (quality: number, pixels: number, call: number) => number> = {
    honest: (quality, pixels) => 500 + perPixel(quality) * pixels,
    "that falls with quality": (quality, pixels) => (20 * pixels) / quality,
    "without rule": (quality, pixels) => 500 + (((quality * 7919 + pixels) % 89) / 89) * pixels,
    "larger with each try": (quality, pixels, call) => (1 + call) * perPixel(quality) * pixels,
    "ten times what samples promise": (quality, pixels) =>
      perPixel(quality) * pixels * (pixels > 1_500_000 ? 10 : 1),
    "a tenth of what samples promise": (quality, pixels) =>
      perPixel(quality) * pixels * (pixels > 1_500_000 ? 0.1 : 1),
    "the same for every picture": () => 30_000,
  };

  for (const [name, length] of Object.entries(lengths)) {
    it(`is kept, or the job fails in time: files ${name}`, async () => {
      for (const file of [SMALL, LARGE]) {
        for (const maxBytes of [100, 2000, 20_000, 200_000, 2_000_000]) {
          const made = codecs(length);
          const { written, error, store } = await run(file, { maxBytes }, made);
          expect(made.calls()).toBeLessThanOrEqual(MAX_ENCODES);
          if (written) {
            expect(written.sizeBytes).toBeLessThanOrEqual(maxBytes);
            expect(store.stored).toBe(written.sizeBytes);
            expect(written.effort.encodes).toBe(made.calls());
          } else {
            expect([codeOf(error), store.stored]).toEqual(["size_unreachable", null]);
          }
        }
      }
    });
  }

  it.for(["honest", "ten times what samples promise", "a tenth of what samples promise"])(
    "is met wherever it can be: files %s",
    async (name) => {
      for (const file of [SMALL, LARGE]) {
        for (const maxBytes of [5000, 20_000, 200_000]) {
          const { written } = await run(file, { maxBytes }, codecs(lengths[name] ?? (() => 0)));
          expect(written?.sizeBytes).toBeLessThanOrEqual(maxBytes);
        }
      }
    },
  );

  it("does not hide what the store has to say, nor try again", async () => {
    const gone = new AppError("storage_unavailable", "Gone.");
    const store = createStore(gone);
    const { error } = await run(
      SMALL,
      { maxBytes: 20_000 },
      codecs(lengths["honest"] ?? (() => 0)),
      store,
    );
    expect([error, store.writes]).toEqual([gone, 1]);
  });

  it("progresses over all passes, and can be stopped in each", async () => {
    const fractions: number[] = [];
    await run(
      LARGE,
      { maxBytes: 5000 },
      { onProgress: (fraction) => void fractions.push(fraction) },
    );
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBeLessThanOrEqual(1);
    for (const end of [0.1, 0.6, 0.8]) {
      const { error } = await run(
        LARGE,
        { maxBytes: 5000 },
        {
          onProgress(fraction) {
            if (fraction > end) throw new AppError("canceled", "Stop.");
          },
        },
      );
      expect(codeOf(error)).toBe("canceled");
    }
  });
});

describe("a file that must not grow", () => {
  const png = { format: "png", neverLarger: true } as const;
  const same = (written: Written | null) =>
    written?.warnings.some(({ code }) => code === "kept_original");

  /** The PNG encoder with files of a length. */
  const pngOf = (bytes: number) => {
    const { encoder } = codecs(() => bytes).codecs.jpg;
    return { codecs: { ...IMAGES_CODECS, png: { ...IMAGES_CODECS.png, encoder } } };
  };

  it.for([
    [-1, false],
    [0, true],
    [1, true],
  ] as const)("by %i bytes", async ([more, kept]) => {
    const { written, store } = await run(SMALL, png, pngOf(SMALL.length + more));
    expect(same(written)).toBe(kept);
    const expected = SMALL.length + Math.min(0, more);
    expect([written?.sizeBytes, store.stored]).toEqual([expected, expected]);
    expect(written).toMatchObject({ width: 300, height: 200, mimeType: "image/png" });
  });

  it("gets its limit, too, where it has one", async () => {
    const maxBytes = SMALL.length - 1;
    const { written } = await run(SMALL, { ...png, maxBytes }, pngOf(maxBytes));
    expect([same(written), written?.sizeBytes]).toEqual([false, maxBytes]);
  });
});
