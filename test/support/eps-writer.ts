/** Encapsulated PostScript for tests. */

const HEADER_BYTES = 30;

/** A program with a preview beside it, as DOS programs write it (Adobe 5002, 5.2). */
export function writeDosEps(program: string, tiff: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(0xc5d0d3c6, 0);
  header.writeUInt32LE(HEADER_BYTES, 4);
  header.writeUInt32LE(program.length, 8);
  header.writeUInt32LE(HEADER_BYTES + program.length, 20);
  header.writeUInt32LE(tiff.length, 24);
  return Buffer.concat([header, Buffer.from(program, "latin1"), tiff]);
}
