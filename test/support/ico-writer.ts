/** Icons of every kind that real ones have, for tests. */
export interface IcoPicture {
  width: number;
  height: number;
  bits: 1 | 4 | 8 | 24 | 32;
  /** Indices, or blue, green, red (and alpha), rows top-down. */
  samples: readonly number[];
  /** Blue, green, red, 0 each. */
  palette?: readonly number[];
  /** 1 where transparent, rows top-down; null is none at all. */
  mask: readonly number[] | null;
}

/**
 * @param pictures bitmaps, or the files of PNGs
 * @param type 1 is an icon, 2 a cursor
 */
export function writeIco(pictures: readonly (IcoPicture | Uint8Array)[], type: 1 | 2 = 1): Buffer {
  const entries = pictures.map((picture) => {
    if (!(picture instanceof Uint8Array)) return { ...picture, file: writeDib(picture) };
    const file = Buffer.from(picture);
    return { width: file.readUInt32BE(16), height: file.readUInt32BE(20), bits: 32, file };
  });
  const directory = Buffer.alloc(6 + 16 * entries.length);
  directory.writeUInt16LE(type, 2);
  directory.writeUInt16LE(entries.length, 4);
  let offset = directory.length;
  for (const [index, { width, height, bits, file }] of entries.entries()) {
    const at = 6 + 16 * index;
    directory[at] = width;
    directory[at + 1] = height;
    directory.writeUInt16LE(1, at + 4);
    directory.writeUInt16LE(bits, at + 6);
    directory.writeUInt32LE(file.length, at + 8);
    directory.writeUInt32LE(offset, at + 12);
    offset += file.length;
  }
  return Buffer.concat([directory, ...entries.map(({ file }) => file)]);
}

export function writeDib({ width, height, bits, samples, palette, mask }: IcoPicture): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(40, 0);
  header.writeInt32LE(width, 4);
  header.writeInt32LE(height * 2, 8);
  header.writeUInt16LE(1, 12);
  header.writeUInt16LE(bits, 14);
  header.writeUInt32LE(palette ? palette.length / 4 : 0, 32);
  const channels = bits > 8 ? bits / 8 : 1;
  const rows = (values: readonly number[], perRow: number, depth: number): Buffer[] =>
    Array.from({ length: height }, (_, y) => {
      const start = (height - 1 - y) * perRow;
      return packRow(values.slice(start, start + perRow), depth);
    });
  return Buffer.concat([
    header,
    Buffer.from(palette ?? []),
    ...rows(samples, width * channels, Math.min(bits, 8)),
    ...(mask ? rows(mask, width, 1) : []),
  ]);
}

/** Padded to 32 bits. */
function packRow(values: readonly number[], depth: number): Buffer {
  const row = Buffer.alloc(4 * Math.ceil((values.length * depth) / 32));
  for (const [index, value] of values.entries()) {
    const bit = index * depth;
    const at = bit >> 3;
    row[at] = (row[at] ?? 0) | (value << (8 - depth - (bit & 7)));
  }
  return row;
}
