/** Fonts for tests: another's letters under a name of their own. */

/** The file with a new "name" table, behind all others, that says nothing but the family. */
export function renameFont(font: Buffer, family: string): Buffer {
  const text = Buffer.from(family, "utf16le").swap16();
  // Windows, Unicode, English; the family (1) and the PostScript name (6).
  const records = [1, 6].flatMap((id) => [3, 1, 0x409, id, text.length, 0]);
  const words = [0, 2, 6 + 2 * records.length, ...records];
  const table = Buffer.concat([Buffer.from(new Uint16Array(words).buffer).swap16(), text]);
  const padding = Buffer.alloc(-font.length & 3);
  const renamed = Buffer.concat([font, padding, table]);
  const tables = renamed.readUInt16BE(4);
  for (let at = 12; at < 12 + 16 * tables; at += 16) {
    if (renamed.toString("latin1", at, at + 4) !== "name") continue;
    renamed.writeUInt32BE(font.length + padding.length, at + 8);
    renamed.writeUInt32BE(table.length, at + 12);
  }
  return renamed;
}
