import { expect, it } from "vitest";
import { writeMetadata } from "./segments.ts";

const none = { icc: null, exif: null, xmp: null };

it("leaves out EXIF and XMP that fit no segment", () => {
  expect(writeMetadata({ ...none, exif: new Uint8Array(65_528) })).toHaveLength(0);
  expect(writeMetadata({ ...none, xmp: new Uint8Array(65_505) })).toHaveLength(0);
  expect(writeMetadata({ ...none, exif: new Uint8Array(65_527) })).toHaveLength(65_537);
});

it("numbers the segments of a large profile", () => {
  const icc = Uint8Array.from({ length: 150_000 }, (_, i) => i % 251);
  const written = Buffer.from(writeMetadata({ ...none, icc }));
  const parts: Buffer[] = [];
  for (let at = 0; at < written.length; at += 2 + written.readUInt16BE(at + 2)) {
    const end = at + 2 + written.readUInt16BE(at + 2);
    expect(written.subarray(at, at + 2)).toEqual(Buffer.from([0xff, 0xe2]));
    expect(written.subarray(at + 16, at + 18)).toEqual(Buffer.from([parts.length + 1, 3]));
    parts.push(written.subarray(at + 18, end));
  }
  expect(Buffer.compare(Buffer.concat(parts), icc)).toBe(0);
});

it("leaves out a profile that would take more than 255 segments", () => {
  expect(writeMetadata({ ...none, icc: new Uint8Array(17_000_000) })).toHaveLength(0);
});
