/** Nothing of a job's picture stays in an instance that the next job may get. */
import { describe, expect, it } from "vitest";
import { Engine, ENGINE } from "../../src/kernels/engine.ts";
import { MAX_PIXELS } from "../../src/limits.ts";
import { fromBytes } from "../../src/pipeline/bytes.ts";
import { convert, openInput } from "../../src/pipeline/convert.ts";
import { MemoryGate, type InstanceKind, type PooledInstance } from "../../src/pipeline/memory.ts";
import { OUTPUT_OPTIONS } from "../../src/pipeline/options.ts";
import { ALL_CODECS } from "../support/codecs.ts";
import { writePng, type PngSpec } from "../support/png-writer.ts";
import { createRandom } from "../support/random.ts";

interface Entry {
  kind: InstanceKind<PooledInstance>;
  instance: PooledInstance;
}

/** Remembers what jobs gave back. */
class WatchedGate extends MemoryGate {
  readonly returned: Entry[] = [];
  override putBack(instances: Iterable<Entry>): void {
    const entries = [...instances];
    this.returned.push(...entries);
    super.putBack(entries);
  }
}

function memoryOf(instance: PooledInstance): Uint8Array {
  if (instance instanceof Engine) return instance.view(0, instance.bytes);
  return (instance as PooledInstance & { heap: Uint8Array }).heap;
}

const SIZE = 96;
const random = createRandom(3);
const samples = Uint8Array.from({ length: SIZE * SIZE * 4 }, () => random(256));

const makePng = (colourType: 2 | 6, interlaced: boolean): Uint8Array => {
  const kept = samples.filter((_, i) => colourType === 6 || i % 4 < 3);
  const spec: PngSpec = {
    width: SIZE,
    height: SIZE,
    colourType,
    depth: 8,
    samples: kept,
    interlaced,
  };
  return writePng(spec);
};

/** Six bytes of the picture are nowhere by chance. */
function findPicture(memory: Uint8Array): number {
  const searched = Buffer.from(memory.buffer, memory.byteOffset, memory.length);
  for (let pixel = 0; pixel < SIZE * SIZE; pixel += 500) {
    const [r = 0, g = 0, b = 0, a = 0, ...next] = samples.subarray(pixel * 4, pixel * 4 + 7);
    for (const trace of [
      [r, g, b, a, ...next],
      [r, g, b, ...next],
      [r, g, b, 255, ...next],
    ]) {
      const at = searched.indexOf(Uint8Array.from(trace));
      if (at >= 0) return at;
    }
  }
  return -1;
}

async function run(file: Uint8Array, asked: object, fails = false): Promise<Entry[]> {
  const gate = new WatchedGate();
  const context = { codecs: ALL_CODECS, gate, maxPixels: MAX_PIXELS };
  const options = OUTPUT_OPTIONS.parse(asked);
  // Reading detaches what is read.
  const input = await openInput(fromBytes(new Uint8Array(file)), options, context);
  const conversion = convert(input, options, context);
  for await (const chunk of conversion.chunks) if (fails && chunk.length > 0) break;
  return gate.returned;
}

const CASES = [
  ["the engine", "engine", makePng(2, false), { format: "jpg" }],
  ["the engine, with transparency", "engine", makePng(6, false), { format: "png", width: 50 }],
  ["libwebp", "webp encoder", makePng(6, false), { format: "webp", lossless: true }],
  ["mozjpeg", "mozjpeg", makePng(2, false), { format: "jpg", effort: "max" }],
  ["image-rs", "@jsquash/png", makePng(6, true), { format: "png" }],
  ["hqx", "@jsquash/resize hqx", makePng(2, false), { format: "png", width: 192, kernel: "hqx" }],
] as const;

describe.each(CASES)("%s", (_, name, file, options) => {
  it("holds nothing of the picture after the job", async () => {
    const entries = await run(file, options);
    expect(entries.map(({ kind }) => kind.name)).toContain(name);
    for (const { instance } of entries) expect(findPicture(memoryOf(instance))).toBe(-1);
  });

  it("nor when the receiver has stopped it", async () => {
    for (const { instance } of await run(file, options, true)) {
      expect(findPicture(memoryOf(instance))).toBe(-1);
    }
  });
});

it("the engine is as new, to the byte", async () => {
  for (const [, , file, options] of CASES) {
    for (const { kind, instance } of await run(file, options)) {
      if (!(instance instanceof Engine)) continue;
      const memory = memoryOf(instance);
      const fresh = memoryOf(await kind.create());
      expect(Buffer.compare(memory.subarray(0, fresh.length), fresh)).toBe(0);
      expect(memory.subarray(fresh.length).every((byte) => byte === 0)).toBe(true);
    }
  }
});

it("what this looks for is found in an engine that was not wiped", async () => {
  const engine = await ENGINE.create();
  const at = engine.allocate(samples.length);
  engine.view(at, samples.length).set(samples);
  expect(findPicture(memoryOf(engine))).toBe(at);
  engine.wipe();
  expect(findPicture(memoryOf(engine))).toBe(-1);
});
