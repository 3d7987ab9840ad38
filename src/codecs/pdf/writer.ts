/** Objects of a PDF one after another (ISO 32000-1, 7.3 and 7.5): nothing is held but their places. */

/** Text is Latin-1; strings that may hold more are not written here. */
export type PdfWriter = ReturnType<typeof createPdfWriter>;

const latin1 = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

export function createPdfWriter() {
  const places: number[] = [];
  let written = 0;
  const count = (bytes: Uint8Array): Uint8Array => {
    written += bytes.length;
    return bytes;
  };
  const text = (value: string): Uint8Array => count(latin1(value));

  return {
    /** Four bytes above 127 say that the file is not text. */
    head: (): Uint8Array => text("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),

    object(number: number, body: string): Uint8Array {
      places[number] = written;
      return text(`${number} 0 obj\n${body}\nendobj\n`);
    },

    /**
     * A stream whose length is known when it ends, and is an object of its own for that.
     * @param entries of its dictionary, without the length
     */
    async *stream(
      number: number,
      lengthNumber: number,
      entries: string,
      data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    ): AsyncGenerator<Uint8Array, void, undefined> {
      places[number] = written;
      yield text(`${number} 0 obj\n<< ${entries} /Length ${lengthNumber} 0 R >>\nstream\n`);
      const start = written;
      for await (const bytes of data) yield count(bytes);
      const length = written - start;
      yield text("\nendstream\nendobj\n");
      yield this.object(lengthNumber, String(length));
    },

    /** The table of places; object 1 is the catalogue. */
    end(): Uint8Array {
      const start = written;
      const size = places.length;
      const rows = Array.from({ length: size }, (_, number) => {
        const place = places[number];
        return place === undefined
          ? "0000000000 65535 f \n"
          : `${String(place).padStart(10, "0")} 00000 n \n`;
      });
      return text(
        `xref\n0 ${size}\n${rows.join("")}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`,
      );
    },
  };
}
