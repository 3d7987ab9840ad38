import { expect, test } from "vitest";
import type { EncodeOptions, OpenContext } from "../../src/codecs/codec.ts";
import { fromBytes } from "../../src/pipeline/bytes.ts";
import type { DecodePlan } from "../../src/pipeline/picture.ts";
import type { Workspace } from "../../src/pipeline/workspace.ts";
import { remoteEncoder, remoteOpen } from "../../src/lanes/remote.ts";
import type { CodecService } from "../../src/lanes/wire.ts";

const PICTURE = { width: 4, height: 2, channels: 1, icc: null } as const;

const FRAME = { width: 4, height: 2, channels: 4, icc: null } as const;
const FRAME_BYTES = 4 * 4 * (1 + 2);

const streamOf = (bytes: number): ReadableStream<Uint8Array> =>
  new ReadableStream({
    type: "bytes",
    start(controller) {
      controller.enqueue(new Uint8Array(bytes));
      controller.close();
    },
  }) as ReadableStream<Uint8Array>;

/** Another lane that sends so many bytes, and counts the answers with functions that it gets back. */
function createService(bytes: number) {
  const state = { given: 0, released: 0 };
  const moves = { plays: 0, colours: null };
  const answer = <T>(value: T) => {
    state.given++;
    return { ok: true, value, [Symbol.dispose]: () => void state.released++ } as const;
  };
  const service = {
    open: () => Promise.resolve({ ok: true, value: { warnings: [], frames: 2, moves } }),
    decode: () => {
      const result = () => Promise.resolve({ ok: true, value: [] });
      return Promise.resolve(answer({ picture: PICTURE, rows: streamOf(bytes), result }));
    },
    animate: () => {
      const result = () => Promise.resolve({ ok: true, value: [] });
      return Promise.resolve(answer({ picture: FRAME, rows: streamOf(bytes), result }));
    },
    encode: () => {
      const result = () => Promise.resolve({ ok: true, value: null });
      return Promise.resolve(answer({ bytes: streamOf(bytes), result }));
    },
  } as unknown as CodecService;
  return { state, service };
}

async function decode(bytes: number, strips: number) {
  const { state, service } = createService(bytes);
  const file = { ...fromBytes(new Uint8Array(8)), stored: { key: "key", etag: "etag" } };
  const source = await remoteOpen(service)(file, {} as OpenContext);
  const picture = await source.picture({} as DecodePlan, {} as Workspace);
  let pulled = 0;
  for await (const _strip of picture.strips) if (++pulled === strips) break;
  return state;
}

test.each([
  ["read to its end", 8, Infinity],
  ["stopped early", 8, 1],
])("the answer to a decoding is given back when that is %s", async (_how, bytes, strips) => {
  expect(await decode(bytes, strips)).toEqual({ given: 1, released: 1 });
});

test.each([
  ["are all seen", 2, 2 * FRAME_BYTES],
  ["are not all wanted", 1, 2 * FRAME_BYTES],
])("the answer to an animation is given back when its frames %s", async (_how, most, bytes) => {
  const { state, service } = createService(bytes);
  const file = { ...fromBytes(new Uint8Array(8)), stored: { key: "key", etag: "etag" } };
  const { animation } = await remoteOpen(service)(file, {} as OpenContext);
  let seen = 0;
  for await (const _ of animation?.frames({} as DecodePlan, {} as Workspace) ?? []) {
    if (++seen === most) break;
  }
  expect(seen).toBe(most);
  expect(state).toEqual({ given: 1, released: 1 });
});

test("an animation that lacks rows is an error, and its answer is given back", async () => {
  const { state, service } = createService(2 * FRAME_BYTES - 1);
  const file = { ...fromBytes(new Uint8Array(8)), stored: { key: "key", etag: "etag" } };
  const { animation } = await remoteOpen(service)(file, {} as OpenContext);
  const read = async () => {
    for await (const _ of animation?.frames({} as DecodePlan, {} as Workspace) ?? []);
  };
  await expect(read()).rejects.toThrow("ends too early");
  expect(state).toEqual({ given: 1, released: 1 });
});

test("the answer to an encoding is given back at the file's end, and when nobody wants more", async () => {
  for (const stopsEarly of [false, true]) {
    const { state, service } = createService(8);
    async function* strips() {
      yield { y: 0, rows: 2, data: new Uint8Array(8) };
    }
    const encoder = remoteEncoder(service, "png");
    const file = encoder.encode(
      { ...PICTURE, strips: strips() },
      {} as EncodeOptions,
      {} as Workspace,
    );
    for await (const _chunk of file) if (stopsEarly) break;
    expect(state).toEqual({ given: 1, released: 1 });
  }
});

test("a file that is not in the store is refused", () => {
  const { service } = createService(8);
  expect(() => remoteOpen(service)(fromBytes(new Uint8Array(8)), {} as OpenContext)).toThrow(
    "Only stored files",
  );
});
