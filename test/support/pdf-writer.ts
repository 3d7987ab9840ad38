/** Writes small PDFs of known content. */

export interface PdfSpec {
  pages: {
    /** In points. */
    box: [left: number, bottom: number, right: number, top: number];
    /** Operators. */
    content: string;
    /** Degrees. */
    rotate?: number;
    /** More entries of the page's dictionary. */
    entries?: string;
  }[];
  /** Numbered from behind the pages: 3 + 2 × pages. */
  objects?: string[];
}

/** Numbers of the objects: 1 catalog, 2 page tree, then a page and its content in turn. */
export function writePdf({ pages, objects = [] }: PdfSpec): Buffer {
  const kids = pages.map((_, index) => `${3 + 2 * index} 0 R`).join(" ");
  const bodies = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Count ${pages.length} /Kids [${kids}] >>`,
    ...pages.flatMap(({ box, content, rotate = 0, entries = "" }, index) => [
      `<< /Type /Page /Parent 2 0 R /MediaBox [${box.join(" ")}] /Rotate ${rotate} /Contents ${4 + 2 * index} 0 R ${entries} >>`,
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    ]),
    ...objects,
  ];
  let text = "%PDF-1.7\n";
  const offsets = bodies.map((body, index) => {
    const offset = text.length;
    text += `${index + 1} 0 obj\n${body}\nendobj\n`;
    return offset;
  });
  const xref = text.length;
  text += `xref\n0 ${bodies.length + 1}\n0000000000 65535 f \n`;
  for (const offset of offsets) text += `${String(offset).padStart(10, "0")} 00000 n \n`;
  text += `trailer\n<< /Size ${bodies.length + 1} /Root 1 0 R >>\nstartxref\n${xref}\n%%EOF\n`;
  return Buffer.from(text, "latin1");
}
