import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { readOrientation, withOrientation } from "./exif.ts";

/** A directory of one orientation entry, of type SHORT or LONG. */
function build(littleEndian: boolean, value: number, type: 3 | 4 = 3, offset = 8): Uint8Array {
  const bytes = new Uint8Array(offset + 18);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, littleEndian ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, littleEndian);
  view.setUint32(4, offset, littleEndian);
  view.setUint16(offset, 1, littleEndian);
  view.setUint16(offset + 2, 0x0112, littleEndian);
  view.setUint16(offset + 4, type, littleEndian);
  view.setUint32(offset + 6, 1, littleEndian);
  if (type === 3) view.setUint16(offset + 10, value, littleEndian);
  else view.setUint32(offset + 10, value, littleEndian);
  return bytes;
}

describe("orientation", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])("%i is read and reset as others write it", async (value) => {
    const canvas = sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } });
    const file = await canvas.jpeg().withMetadata({ orientation: value }).toBuffer();
    const { exif } = await sharp(file).metadata();
    const bare = new Uint8Array(exif ?? []).subarray(6);
    expect(readOrientation(bare)).toBe(value);
    const reset = withOrientation(bare, 1);
    expect(readOrientation(reset)).toBe(1);
    expect(readOrientation(bare)).toBe(value);
    expect(reset.filter((byte, i) => byte !== bare[i]).length).toBe(value === 1 ? 0 : 1);
  });

  test.each([true, false])("both byte orders and both types (little-endian: %s)", (little) => {
    for (const type of [3, 4] as const) {
      const exif = build(little, 7, type, 20);
      expect(readOrientation(exif)).toBe(7);
      expect(readOrientation(withOrientation(exif, 1))).toBe(1);
    }
  });

  test("is 1 where it is out of range, missing or anything else", () => {
    for (const value of [0, 9, 65_535]) expect(readOrientation(build(true, value))).toBe(1);
    expect(readOrientation(new Uint8Array(0))).toBe(1);
    expect(readOrientation(new Uint8Array(64).fill(0x49))).toBe(1);
  });

  test("offsets that lead out of the data harm nothing", () => {
    const good = build(true, 6);
    for (let end = 0; end < 22; end++) {
      const cut = good.slice(0, end);
      expect(readOrientation(cut)).toBe(1);
      expect(withOrientation(cut, 1)).toEqual(cut);
    }
    for (const offset of [0xffff_ffff, 0x7fff_ffff, good.length - 1, 0]) {
      const bad = good.slice();
      new DataView(bad.buffer).setUint32(4, offset, true);
      expect(readOrientation(bad)).toBe(1);
    }
    const endless = good.slice();
    endless.set([0xff, 0xff, 0, 0], 8);
    expect(readOrientation(endless)).toBe(1);
  });
});
