/** Bytes as text that any printer's line lets through (PostScript Language Reference, 3.13.3). */

const LINE_CHARACTERS = 75;
const ZERO = 0x7a;
const FIRST = 0x21;

/** @param source any chunks. @returns lines, with the mark of the end */
export async function* encodeAscii85(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let rest = new Uint8Array(0);
  let column = 0;
  const encode = (bytes: Uint8Array, isLast: boolean): Uint8Array => {
    const groups = Math.ceil(bytes.length / 4);
    const text = new Uint8Array(groups * 5 + Math.ceil((groups * 5) / LINE_CHARACTERS) + 4);
    let at = 0;
    const put = (character: number): void => {
      text[at++] = character;
      if (++column < LINE_CHARACTERS) return;
      text[at++] = 0x0a;
      column = 0;
    };
    for (let start = 0; start < bytes.length; start += 4) {
      const count = Math.min(4, bytes.length - start);
      let word = 0;
      for (let k = 0; k < 4; k++)
        word = word * 256 + (k < count ? (bytes[start + k] as number) : 0);
      if (word === 0 && count === 4) {
        put(ZERO);
        continue;
      }
      let divisor = 85 ** 4;
      for (let k = 0; k <= count; k++, divisor /= 85)
        put(FIRST + (Math.floor(word / divisor) % 85));
    }
    if (isLast) text.set([0x7e, 0x3e, 0x0a], at);
    return text.subarray(0, isLast ? at + 3 : at);
  };
  for await (const chunk of source) {
    const joined = new Uint8Array(rest.length + chunk.length);
    joined.set(rest);
    joined.set(chunk, rest.length);
    const whole = joined.length - (joined.length % 4);
    rest = joined.slice(whole);
    if (whole > 0) yield encode(joined.subarray(0, whole), false);
  }
  yield encode(rest, true);
}
