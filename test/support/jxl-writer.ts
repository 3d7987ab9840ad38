/** Containers of JPEG XL as others may write them. Layout: ISO/IEC 18181-2:2024. */

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export const box = (type: string, ...parts: Uint8Array[]): Buffer => {
  const length = parts.reduce((sum, part) => sum + part.length, 8);
  return Buffer.concat([u32(length), Buffer.from(type, "latin1"), ...parts]);
};

const START = Buffer.concat([
  box("JXL ", Uint8Array.of(13, 10, 0x87, 10)),
  box("ftyp", Buffer.from("jxl \0\0\0\0jxl ", "latin1")),
]);

/** Boxes behind those that every container begins with. */
export const writeContainer = (...boxes: Uint8Array[]): Buffer => Buffer.concat([START, ...boxes]);

/** A codestream cut into boxes at the places. */
export function partsOf(codestream: Uint8Array, places: readonly number[]): Buffer[] {
  const ends = [...places, codestream.length];
  return ends.map((end, i) => {
    const number = i === ends.length - 1 ? 0x8000_0000 + i : i;
    return box("jxlp", u32(number), codestream.subarray(ends[i - 1] ?? 0, end));
  });
}

/** EXIF, which begins where four bytes in front say. */
export const exifBox = (tiff: Uint8Array): Buffer => box("Exif", u32(0), tiff);

/** A bare codestream's header that claims a size, and nothing behind it. */
export function claimSize(width: number, height: number): Buffer {
  const bits = "1111111101010000"; // ff0a
  const number = (value: number, count: number) =>
    Array.from({ length: count }, (_, i) => Math.floor(value / 2 ** i) % 2).join("");
  const side = (pixels: number) => `11${number(pixels - 1, 30)}`;
  const all = `${bits}0${side(height)}000${side(width)}1`.padEnd(256, "0");
  return Buffer.from(
    (all.match(/.{8}/g) ?? []).map((byte) => parseInt(byte.split("").toReversed().join(""), 2)),
  );
}
