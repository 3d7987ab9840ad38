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

/** A program with a preview in its comments, digits in lines of 254 (Adobe 5002, 6). */
export function writeEpsi(size: { width: number; height: number; bits: number }, data: Buffer) {
  const { width, height, bits } = size;
  const lines = (data.toString("hex").match(/.{1,254}/g) ?? []).map((line) => `%${line}`);
  return Buffer.from(
    [
      "%!PS-Adobe-3.0 EPSF-3.0",
      `%%BoundingBox: 0 0 ${width} ${height}`,
      "%%EndComments",
      `%%BeginPreview: ${width} ${height} ${bits} ${lines.length}`,
      ...lines,
      "%%EndPreview",
      "showpage",
      "%%EOF\n",
    ].join("\n"),
  );
}
