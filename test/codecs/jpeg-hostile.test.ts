/** JPEG files that are broken, or want to break the decoder. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LabError, startLab, type Lab } from "../support/lab-client.ts";
import { createRandom, drawPhoto, judge, toSharp, writeRestarts } from "./jpeg-fixtures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const baseline = () => toSharp(drawPhoto(301, 203)).jpeg({ quality: 85 }).toBuffer();
const progressive = () => toSharp(drawPhoto(301, 203)).jpeg({ progressive: true }).toBuffer();

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof LabError ? error.code : String(error);
  }
}

function findMarker(file: Uint8Array, marker: number): number {
  return Buffer.from(file).indexOf(Buffer.from([0xff, marker]));
}

describe.each([
  ["baseline", baseline],
  ["progressive", progressive],
])("%s", (_kind, make) => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])("cut at %i tenths is refused", async (tenths) => {
    const file = await make();
    const cut = file.subarray(0, Math.max(3, Math.floor((file.length * tenths) / 10)));
    expect(await refusal(lab.decode(cut))).toMatch(/^(truncated|invalid)_image$/);
  });

  it("without its last two bytes is refused", async () => {
    const file = await make();
    expect(await refusal(lab.decode(file.subarray(0, -2)))).toBe("truncated_image");
  });

  it("cut in its data but ended by a marker is refused", async () => {
    const file = await make();
    const cut = file.subarray(0, Math.floor(file.length * 0.7));
    const ended = Buffer.concat([cut, Buffer.from([0xff, 0xd9])]);
    expect(await refusal(lab.decode(ended))).toMatch(/^(truncated|invalid)_image$/);
  });

  it("followed by another file is decoded", async () => {
    const file = await make();
    expect(await refusal(lab.decode(Buffer.concat([file, file.subarray(0, 500)])))).toBe("none");
  });
});

it.each([
  ["0 wide", 7, [0, 0], "invalid_image"],
  ["0 high", 5, [0, 0], "invalid_image"],
  ["12 bits", 4, [12], "unsupported_feature"],
  ["arithmetic coding", 1, [0xc9], "unsupported_feature"],
  ["lossless coding", 1, [0xc3], "unsupported_feature"],
  ["hierarchical coding", 1, [0xc5], "unsupported_feature"],
  ["two components", 9, [2], "unsupported_feature"],
  ["no sampling", 11, [0x00], "invalid_image"],
] as const)("%s is refused from the header", async (_name, offset, bytes, code) => {
  const file = await baseline();
  file.set(bytes, findMarker(file, 0xc0) + offset);
  expect(await refusal(lab.open(file))).toBe(code);
});

it("refuses a file without a picture, and one of segments without end", async () => {
  expect(await refusal(lab.open(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)))).toBe("invalid_image");
  const segments = Buffer.alloc(4 * 100_000, Buffer.from([0xff, 0xfe, 0, 2]));
  const file = Buffer.concat([Buffer.from([0xff, 0xd8]), segments]);
  expect(await refusal(lab.open(file))).toBe("invalid_image");
});

it("refuses more scans than any encoder makes", async () => {
  const file = await progressive();
  const lastScan = Buffer.from(file).lastIndexOf(Buffer.from([0xff, 0xda]));
  const scan = file.subarray(lastScan, -2);
  const scans = Array.from({ length: 200 }, () => scan);
  const many = Buffer.concat([file.subarray(0, -2), ...scans, file.subarray(-2)]);
  expect(await refusal(lab.decode(many))).toBe("invalid_image");
});

it("forgives stray bytes at the end of the data", async () => {
  const file = await baseline();
  const stray = Buffer.concat([file.subarray(0, -2), Buffer.alloc(9, 0x55), file.subarray(-2)]);
  const picture = await lab.decode(stray);
  expect(Buffer.from(picture.data)).toEqual((await judge(file)).data);
});

it("refuses data that is out of step with its restart markers", async () => {
  const longer = writeRestarts(9, 7, 3, (segments) => segments[4]?.push(0x12, 0x34, 0x56));
  expect(await refusal(lab.decode(longer))).toBe("invalid_image");
  const missing = writeRestarts(9, 7, 3, (segments) => segments.splice(4, 1));
  expect(await refusal(lab.decode(missing))).toMatch(/^(truncated|invalid)_image$/);
});

it("does not let harmless damage hide serious damage", async () => {
  const file = await baseline();
  const jfif = findMarker(file, 0xe0);
  file[jfif + 9] = 9; // JFIF version 9: the first warning
  expect(await refusal(lab.decode(file))).toBe("none");
  const cut = file.subarray(0, Math.floor(file.length * 0.7));
  const ended = Buffer.concat([cut, Buffer.from([0xff, 0xd9])]);
  expect(await refusal(lab.decode(ended))).toMatch(/^(truncated|invalid)_image$/);
});

it("decodes as before after 100 damaged files", async () => {
  const good = await baseline();
  const expected = (await judge(good)).data;
  const random = createRandom(1);
  const sources = [good, await progressive()];
  const allowed = /^(none|truncated_image|invalid_image|unsupported_feature|memory_limit)$/;
  for (let i = 0; i < 100; i++) {
    const file = Buffer.from(sources[i % 2] as Buffer);
    for (let changes = 0; changes < 8; changes++) {
      file[3 + Math.floor(random() * (file.length - 3))] = Math.floor(random() * 256);
    }
    expect(await refusal(lab.decode(file))).toMatch(allowed);
  }
  expect(Buffer.from((await lab.decode(good)).data)).toEqual(expected);
});

it("leaves nothing of a picture to the next, nor grows from one to the next", async () => {
  const large = await sharp(drawPhoto(1200, 900).data, {
    raw: { width: 1200, height: 900, channels: 3 },
  })
    .jpeg({ progressive: true })
    .toBuffer();
  const held = async () => {
    const { bytes } = await lab.post("/memory", {}, new Uint8Array());
    return (JSON.parse(new TextDecoder().decode(bytes)) as { held: number }).held;
  };
  const first = await lab.decode(large);
  const heldFirst = await held();
  for (let i = 0; i < 5; i++) {
    for (const scale of [4, 1]) expect(await lab.decode(large, { scale })).toHaveProperty("rows");
    expect(Buffer.compare((await lab.decode(large)).data, first.data)).toBe(0);
  }
  expect(await held()).toBe(heldFirst);
  const small = await baseline();
  expect(Buffer.from((await lab.decode(small)).data)).toEqual((await judge(small)).data);
});
