/** Reads EPS that draws one JPEG, by the definition of its encoding and not by our encoder. */

/** ASCII base-85 (PostScript Language Reference, 3.13.3), without its end mark. */
export function decodeAscii85(text: string): Buffer {
  const bytes: number[] = [];
  let group: number[] = [];
  for (const character of text.replaceAll(/\s/g, "")) {
    if (character === "z" && group.length === 0) bytes.push(0, 0, 0, 0);
    else group.push(character.charCodeAt(0) - 33);
    if (group.length < 5) continue;
    const word = group.reduce((sum, digit) => sum * 85 + digit, 0);
    bytes.push(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
    group = [];
  }
  if (group.length > 1) {
    const kept = group.length - 1;
    while (group.length < 5) group.push(84);
    const word = group.reduce((sum, digit) => sum * 85 + digit, 0);
    bytes.push(...[word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255].slice(0, kept));
  }
  return Buffer.from(bytes);
}

/** What is in front of the image's data, and these, decoded. */
export function takeEpsApart(file: Uint8Array): { head: string; data: Buffer; tail: string } {
  const text = Buffer.from(file).toString("latin1");
  const start = text.indexOf(">> image\n") + 9;
  const end = text.indexOf("~>", start);
  const data = decodeAscii85(text.slice(start, end));
  return { head: text.slice(0, start), data, tail: text.slice(end) };
}
