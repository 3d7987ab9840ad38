/** However a conversion ends, its memory is returned and its error is typed. */
import { describe, expect, it } from "vitest";
import type { Codec, LaneCodecs } from "../../src/codecs/codec.ts";
import { AppError } from "../../src/errors.ts";
import { IMAGES_CODECS } from "../../src/lanes/images.ts";
import { MAX_PIXELS } from "../../src/limits.ts";
import { fromBytes } from "../../src/pipeline/bytes.ts";
import { convert, openInput, type ConvertContext } from "../../src/pipeline/convert.ts";
import { MemoryGate } from "../../src/pipeline/memory.ts";
import { OUTPUT_OPTIONS } from "../../src/pipeline/options.ts";
import type { Picture, Strip } from "../../src/pipeline/picture.ts";

const WIDTH = 600;
const HEIGHT = 800;

/** A noisy picture, so that files have more than one chunk. */
function picture(): Picture {
  async function* strips(): AsyncGenerator<Strip> {
    let seed = 1;
    for (let y = 0; y < HEIGHT; y += 16) {
      const data = new Uint8Array(16 * WIDTH * 3).map(() => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed & 255;
      });
      yield { y, rows: 16, data };
    }
  }
  return { width: WIDTH, height: HEIGHT, channels: 3, icc: null, strips: strips() };
}

const metadata = { icc: null, exif: null, xmp: null };

async function makePng(): Promise<Uint8Array> {
  const effort = "fast";
  const options = {
    quality: 80,
    lossless: true,
    effort,
    colors: null,
    dither: 0.5,
    iconSizes: null,
    chromaSubsampling: "auto",
    compression: "deflate",
    restartRows: 0,
    metadata,
  } as const;
  const { encoder } = IMAGES_CODECS.png;
  const gate = new MemoryGate();
  const workspace = await gate.admit(gate.budgetBytes);
  const parts: Uint8Array[] = [];
  for await (const chunk of encoder.encode(picture(), options, workspace)) parts.push(chunk);
  workspace.close("succeeded");
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

const png = await makePng();
const options = OUTPUT_OPTIONS.parse({ format: "png", width: 500 });

async function start(changes: Partial<ConvertContext> = {}) {
  const gate = new MemoryGate();
  const context = { codecs: IMAGES_CODECS, gate, maxPixels: MAX_PIXELS, ...changes };
  return {
    gate,
    conversion: convert(await openInput(fromBytes(png), options, context), options, context),
  };
}

async function codeOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  try {
    for await (const _ of chunks);
    return "no error";
  } catch (error) {
    return error instanceof AppError ? error.code : `not an AppError: ${String(error)}`;
  }
}

describe("memory is returned", () => {
  it("when the file is complete; the instances stay for the next job", async () => {
    const { gate, conversion } = await start();
    expect(gate.reservedBytes).toBe(0);
    expect(await codeOf(conversion.chunks)).toBe("no error");
    expect(gate.reservedBytes).toBe(0);
    expect(gate.heldBytes).toBeGreaterThan(0);
    expect(conversion.usedBytes()).toBeLessThanOrEqual(conversion.plannedBytes);
  });

  it("when nobody ever asks for the file", async () => {
    const { gate } = await start();
    expect([gate.reservedBytes, gate.heldBytes]).toEqual([0, 0]);
  });

  it("when the receiver stops early", async () => {
    const { gate, conversion } = await start();
    for await (const _ of conversion.chunks) {
      expect(gate.reservedBytes).toBeGreaterThanOrEqual(conversion.plannedBytes);
      break;
    }
    expect(gate.reservedBytes).toBe(0);
  });

  it("when the receiver fails", async () => {
    const { gate, conversion } = await start();
    const receive = async () => {
      for await (const _ of conversion.chunks) throw new Error("the store is gone");
    };
    await expect(receive()).rejects.toThrow("the store is gone");
    expect(gate.reservedBytes).toBe(0);
  });

  it("when progress stops the conversion, with the error that it threw", async () => {
    const fractions: number[] = [];
    const { gate, conversion } = await start({
      onProgress(fraction) {
        fractions.push(fraction);
        if (fraction > 0.5) throw new AppError("canceled", "Stop.");
      },
    });
    expect(await codeOf(conversion.chunks)).toBe("canceled");
    expect(gate.reservedBytes).toBe(0);
    expect(fractions.length).toBeLessThan(20);
  });

  it("and the next conversion works after each of these", async () => {
    const gate = new MemoryGate();
    for (let i = 0; i < 3; i++) {
      const stopped = await start({ gate });
      for await (const _ of stopped.conversion.chunks) break;
      const { conversion } = await start({ gate });
      expect(await codeOf(conversion.chunks)).toBe("no error");
    }
  });
});

it("progress rises to the end in some tens of steps", async () => {
  const fractions: number[] = [];
  const { conversion } = await start({ onProgress: (fraction) => void fractions.push(fraction) });
  await codeOf(conversion.chunks);
  expect(fractions.length).toBeGreaterThan(5);
  expect(fractions.length).toBeLessThanOrEqual(20);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  // The resampler does not wait for rows that it does not need.
  expect(fractions.at(-1)).toBeGreaterThan(0.9);
});

describe("whatever a codec throws", () => {
  /** The PNG codec with another decoder or encoder. */
  const codecs = (changed: Partial<Codec>): LaneCodecs => ({
    ...IMAGES_CODECS,
    png: { ...IMAGES_CODECS.png, ...changed },
  });

  const decoderThat = (strips: () => AsyncIterable<Strip>) =>
    codecs({
      async open(bytes, context) {
        const source = await IMAGES_CODECS.png.open(bytes, context);
        return {
          ...source,
          memory: () => 0,
          picture: async () => ({ ...picture(), strips: strips() }),
        };
      },
    });

  // oxlint-disable-next-line require-yield
  async function* throwing(thrown: unknown): AsyncGenerator<never> {
    throw thrown;
  }

  it.for([
    ["a C++ exception", 5_246_024, "invalid_image"],
    ["an object of some glue", { name: "ExitStatus" }, "invalid_image"],
    ["a trap", new WebAssembly.RuntimeError("unreachable"), "invalid_image"],
    [
      "no memory",
      new RangeError("WebAssembly.Memory.grow(): Maximum memory size exceeded"),
      "memory_limit",
    ],
    ["an abort for want of memory", new Error("Aborted(OOM)"), "memory_limit"],
    ["a bug", new TypeError("x is undefined"), "internal"],
    ["an error with a code", new AppError("unsupported_feature", "no"), "unsupported_feature"],
  ] as const)("while decoding, %s becomes the right error", async ([, thrown, code]) => {
    const { gate, conversion } = await start({ codecs: decoderThat(() => throwing(thrown)) });
    expect(await codeOf(conversion.chunks)).toBe(code);
    expect(gate.reservedBytes).toBe(0);
  });

  it("a decoder that ends before its last row is an error, never half a picture", async () => {
    async function* half(): AsyncGenerator<Strip> {
      for await (const strip of picture().strips) {
        if (strip.y >= HEIGHT / 2) return;
        yield strip;
      }
    }
    const { conversion } = await start({ codecs: decoderThat(half) });
    expect(await codeOf(conversion.chunks)).toBe("truncated_image");
  });

  it.for([
    [5_246_024, "internal"],
    [new WebAssembly.RuntimeError("unreachable"), "internal"],
    [new RangeError("Array buffer allocation failed"), "memory_limit"],
  ] as const)("while encoding, %s is our fault", async ([thrown, code]) => {
    const encoder = { memory: () => 0, encode: () => throwing(thrown) };
    const { gate, conversion } = await start({ codecs: codecs({ encoder }) });
    expect(await codeOf(conversion.chunks)).toBe(code);
    expect(gate.reservedBytes).toBe(0);
  });
});
