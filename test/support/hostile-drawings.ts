/** Small drawings and pages that would keep a renderer busy for minutes or hours. */
import { writePdf } from "./pdf-writer.ts";

const svg = (body: string, size = 'width="1000" height="1000"'): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${size}>${body}</svg>`,
  );

/** A filter's region: all of the shape, and no more. */
const WHOLE = 'x="0" y="0" width="1" height="1"';

const filtered = (filter: string, attributes = WHOLE, count = 1): Buffer =>
  svg(
    `<filter id="f" ${attributes}>${filter}</filter>` +
      '<rect width="1000" height="1000" fill="#07f" filter="url(#f)"/>'.repeat(count),
  );

const times = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join("");

export const HOSTILE_SVGS: Readonly<Record<string, () => Buffer>> = {
  "uses of uses, as many as are parsed": () =>
    svg('<g id="a0"><rect width="1000" height="1000" fill-opacity=".01"/></g>' + times(4, (i) => `<g id="a${i + 1}">${`<use xlink:href="#a${i}"/>`.repeat(12)}</g>`)), // prettier-ignore
  "large shapes, 40,000 of them": () =>
    svg('<rect width="1000" height="1000" fill="#07f" fill-opacity=".01"/>'.repeat(40_000)),
  "turbulence of many octaves": () =>
    filtered('<feTurbulence baseFrequency=".9" numOctaves="100000"/>'),
  "morphology with a radius of 500": () =>
    filtered('<feMorphology operator="dilate" radius="500"/>'),
  "morphology in many steps": () =>
    filtered('<feMorphology operator="erode" radius="90"/>'.repeat(20), WHOLE, 10),
  "a small blur in many steps": () =>
    filtered('<feGaussianBlur stdDeviation="1.9"/>'.repeat(100), WHOLE, 10),
  "a blur of half the world": () => filtered('<feGaussianBlur stdDeviation="1e9"/>'),
  "a matrix of 250,000": () =>
    filtered(`<feConvolveMatrix order="500" kernelMatrix="${"1 ".repeat(250_000)}"/>`),
  "light in many steps": () =>
    filtered('<feSpecularLighting surfaceScale="5" specularExponent="20"><fePointLight x="50" y="50" z="90"/></feSpecularLighting>'.repeat(50), WHOLE, 10), // prettier-ignore
  "a filter region of the giants": () =>
    filtered('<feGaussianBlur stdDeviation="5"/><feTurbulence baseFrequency=".1" numOctaves="9"/>', 'filterUnits="userSpaceOnUse" x="-1e9" y="-1e9" width="2e9" height="2e9"'), // prettier-ignore
  "groups in groups with masks": () =>
    svg('<mask id="m"><rect width="1000" height="1000" fill="#fff"/></mask>' + '<g mask="url(#m)">'.repeat(150) + '<rect width="1000" height="1000"/>' + "</g>".repeat(150)), // prettier-ignore
  "masks of masks": () =>
    svg(times(60, (i) => `<mask id="m${i}"${i > 0 ? ` mask="url(#m${i - 1})"` : ""}><rect width="1000" height="1000" fill="#fff"/></mask>`) + '<rect width="1000" height="1000" mask="url(#m59)"/>'.repeat(60)), // prettier-ignore
  "masks of masks, twice each": () =>
    svg(times(30, (i) => `<mask id="m${i}"><rect width="1000" height="1000" fill="#fff" ${i > 0 ? `mask="url(#m${i - 1})"` : ""}/>`.concat(`<rect width="1000" height="1000" fill="#fff" ${i > 0 ? `mask="url(#m${i - 1})"` : ""}/></mask>`)) + '<rect width="1000" height="1000" mask="url(#m29)"/>'), // prettier-ignore
  "clips of clips, twice each": () =>
    svg(times(30, (i) => `<clipPath id="m${i}"><rect width="1000" height="1000" ${i > 0 ? `clip-path="url(#m${i - 1})"` : ""}/><rect width="1000" height="1000" ${i > 0 ? `clip-path="url(#m${i - 1})"` : ""}/></clipPath>`) + '<rect width="1000" height="1000" clip-path="url(#m29)"/>'), // prettier-ignore
  "opaque groups, thousands of them": () =>
    svg('<g opacity=".99"><rect width="1000" height="1000" fill="#07f"/></g>'.repeat(10_000)),
  "patterns in patterns": () =>
    svg(times(9, (i) => `<pattern id="p${i}" width="1000" height="1000" patternUnits="userSpaceOnUse">${`<rect width="1000" height="1000" fill="${i > 0 ? `url(#p${i - 1})` : "#07f"}"/>`.repeat(3)}</pattern>`) + '<rect width="1000" height="1000" fill="url(#p8)"/>'), // prettier-ignore
  "a pattern of dust": () =>
    svg('<pattern id="p" width=".0001" height=".0001" patternUnits="userSpaceOnUse"><rect width="1" height="1"/></pattern>' + '<rect width="1000" height="1000" fill="url(#p)"/>'.repeat(100)), // prettier-ignore
  "dashes of dust": () =>
    svg('<path d="M0 0H1000V1000H0Z" fill="none" stroke="#000" stroke-dasharray=".001"/>'.repeat(20)), // prettier-ignore
  "dashes of nothing": () => svg('<path d="M0 0H1e9" stroke="#000" stroke-dasharray="1e-9 1e-9"/>'),
  "a long line in a zigzag": () =>
    svg(`<path d="M0 0${times(100_000, (i) => `L${(i * 7919) % 1000} ${i % 2 === 0 ? 1000 : 0}`)}" fill-rule="evenodd" stroke="#000" stroke-width="30"/>`), // prettier-ignore
  "curves, 60,000 of them": () =>
    svg(`<path d="M0 0${times(60_000, (i) => `C${(i * 31) % 1000} 0 ${(i * 17) % 1000} 1000 ${i % 1000} ${i % 7}`)}" fill-rule="evenodd" stroke="#f00" stroke-linejoin="round" stroke-width="20"/>`), // prettier-ignore
  "gradients of many stops": () =>
    svg(`<radialGradient id="g">${times(20_000, (i) => `<stop offset="${i / 20_000}" stop-color="#${(i % 4096).toString(16).padStart(3, "0")}"/>`)}</radialGradient>` + '<rect width="1000" height="1000" fill="url(#g)"/>'.repeat(500)), // prettier-ignore
  "text, 5,000 words along a path": () =>
    svg('<path id="p" d="M0 0C9 900 900 9 999 999"/>' + '<text font-size="99"><textPath xlink:href="#p">words and words</textPath></text>'.repeat(2000)), // prettier-ignore
  "markers on every point": () =>
    svg(`<marker id="m" markerWidth="900" markerHeight="900"><rect width="900" height="900" fill-opacity=".1"/></marker><path marker-mid="url(#m)" d="M0 0${times(3000, (i) => `L${i % 1000} ${(i * 7) % 1000}`)}"/>`), // prettier-ignore
  "pictures, stretched and many": () =>
    svg(`<image width="1000" height="1000" xlink:href="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="/>`.repeat(2000)), // prettier-ignore
  "style rules for all, thousands of them": () =>
    svg(`<style>${times(5000, (i) => `g > g:first-child .c${i} rect{fill:#07f}`)}</style>${'<g class="a b c"><rect class="c1 c2" width="9" height="9"/></g>'.repeat(8000)}`), // prettier-ignore
  "a style sheet that never ends its rules": () => svg(`<style>${"@".repeat(2_000_000)}</style>`),
  "a style sheet that never ends its comments": () =>
    svg(`<style>${"/*".repeat(1_000_000)}</style>`),
  "a style sheet of selectors": () => svg(`<style>${"a{".repeat(1_000_000)}</style>`),
  "a reference behind spaces": () => svg(`<rect fill="url(${" ".repeat(1_000_000)}x"/>`),
  "numbers of a million digits": () => svg("", `width="${"1".repeat(1_000_000)}x" height="9"`),
  "damaged pictures, 30,000 of them": () =>
    svg(times(30_000, (i) => `<image href="data:image/png;base64,${i.toString(36).padStart(60, "A")}"/>`)), // prettier-ignore
  "sheets that refer to much, for many": () =>
    svg(`<style>${times(20_000, (i) => `.a${i}{fill:url(#x${i})}`)}</style>` + times(20_000, (i) => `<g class="a" id="x${i}"/>`)), // prettier-ignore
  "attributes, 100,000 of them": () =>
    svg(`<rect ${times(100_000, (i) => `data-a${i}="1" `)} width="9"/>`),
};

const BOX: [number, number, number, number] = [0, 0, 500, 500];
const pdf = (content: string, objects: string[] = [], resources = ""): Buffer =>
  writePdf({ pages: [{ box: BOX, content, entries: `/Resources << ${resources} >>` }], objects });

const stream = (dictionary: string, content: string): string =>
  `<< ${dictionary} /Length ${content.length} >>\nstream\n${content}\nendstream`;

/** Forms of which each draws the next ten times. @param first the number of the first object */
const formsOfForms = (first: number, depth: number, last: string): string[] =>
  Array.from({ length: depth }, (_, index) =>
    stream(
      `/Type /XObject /Subtype /Form /BBox [0 0 500 500] /Resources << /XObject << /F ${first + index + 1} 0 R >> >>`,
      index + 1 < depth ? "/F Do ".repeat(10) : last,
    ),
  );

const FILL = "0 0 500 500 re f ";

export const HOSTILE_PDFS: Readonly<Record<string, () => Buffer>> = {
  "forms of forms": () => pdf("/F Do", formsOfForms(5, 12, FILL), "/XObject << /F 5 0 R >>"),
  "forms of forms of patterns": () =>
    pdf("/F Do", formsOfForms(5, 7, "/Pattern cs 0 1 0 sc " + FILL), "/XObject << /F 5 0 R >>"),
  "transparent groups in groups": () =>
    pdf("/F Do", formsOfForms(5, 6, "/G gs " + FILL).map((form) => form.replace("/Type", "/Group << /S /Transparency /I true /K true >> /Type")), "/XObject << /F 5 0 R >>"), // prettier-ignore
  "a million rectangles": () => pdf("0 0 500 500 re f\n".repeat(500_000)),
  "lines across each other in one path": () =>
    pdf(`0 0 m ${times(300_000, (i) => `${(i * 7919) % 500} ${i % 2 ? 500 : 0} l `)} f*`),
  "wide strokes with round joins": () =>
    pdf(`1 j 1 J 60 w 0 0 m ${times(200_000, (i) => `${(i * 7919) % 500} ${(i * 31) % 500} l `)} S`), // prettier-ignore
  "dashes of dust": () => pdf("[.0001 .0001] 0 d 0 0 m 500 500 l S ".repeat(50)),
  "curves, 200,000 of them": () =>
    pdf(`0 0 m ${times(200_000, (i) => `${i % 500} 0 ${(i * 7) % 500} 500 ${i % 99} 3 c `)} f*`),
  "a tiling pattern of dust": () =>
    pdf("/Pattern cs /P scn " + FILL, [stream("/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep .001 /YStep .001 /Resources << >>", "1 0 0 rg 0 0 1 1 re f")], "/Pattern << /P 5 0 R >>"), // prettier-ignore
  "tiling patterns, many": () =>
    pdf(("/Pattern cs /P scn " + FILL).repeat(2000), [stream("/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 3 3] /XStep 2 /YStep 2 /Resources << >>", "1 0 0 rg 0 0 m 3 3 l S")], "/Pattern << /P 5 0 R >>"), // prettier-ignore
  "shadings by a function, many": () =>
    pdf("/S sh ".repeat(500), ["<< /ShadingType 1 /ColorSpace /DeviceRGB /Domain [0 500 0 500] /Function 6 0 R >>", stream("/FunctionType 4 /Domain [0 500 0 500] /Range [0 1 0 1 0 1]", `{ ${"dup sin exch cos ".repeat(400)} 0 }`)], "/Shading << /S 5 0 R >>"), // prettier-ignore
  "radial shadings, many": () =>
    pdf("/S sh ".repeat(2000), ["<< /ShadingType 3 /ColorSpace /DeviceRGB /Coords [250 250 0 250 250 300] /Extend [true true] /Function << /FunctionType 2 /Domain [0 1] /C0 [1 0 0] /C1 [0 0 1] /N 1.7 >> >>"], "/Shading << /S 5 0 R >>"), // prettier-ignore
  "soft masks, many": () =>
    pdf(("/G gs " + FILL).repeat(500), [`<< /SMask << /S /Luminosity /G 6 0 R >> /BM /Luminosity /ca .5 >>`, stream("/Type /XObject /Subtype /Form /BBox [0 0 500 500] /Group << /S /Transparency /CS /DeviceGray >>", ("1 g " + FILL).repeat(100))], "/ExtGState << /G 5 0 R >>"), // prettier-ignore
  "one picture, drawn often": () =>
    pdf("500 0 0 500 0 0 cm " + "/I Do ".repeat(5000), [stream("/Type /XObject /Subtype /Image /Width 100 /Height 100 /ColorSpace /DeviceGray /BitsPerComponent 8", "A".repeat(10_000))], "/XObject << /I 5 0 R >>"), // prettier-ignore
  "text of a million letters": () =>
    pdf(`BT /F 300 Tf ${`(${"W".repeat(1000)}) Tj 1 0 0 1 0 0 Tm `.repeat(300)} ET`, ["<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"], "/Font << /F 5 0 R >>"), // prettier-ignore
  "letters that draw letters": () =>
    pdf("BT /F 50 Tf (aaaaaaaaaa) Tj ET", ["<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] /FirstChar 97 /LastChar 97 /Widths [1] /Encoding << /Differences [97 /a] >> /CharProcs << /a 6 0 R >> /Resources << /Font << /F 5 0 R >> >> >>", stream("", "1 0 d0 BT /F 1 Tf (aaaaaaaaaa) Tj ET 0 0 1 1 re f")], "/Font << /F 5 0 R >>"), // prettier-ignore
  "states saved and never restored": () => pdf("q 1 0 0 1 1 1 cm ".repeat(300_000)),
  "clips on clips": () => pdf("0 0 500 500 re W n 0 0 m 500 500 l 0 500 l W* n ".repeat(50_000) + FILL), // prettier-ignore
  "arrays in arrays": () => pdf(`${"[".repeat(200_000)} 0 d`),
  "a page tree that is a circle": () =>
    Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 9999/Kids[2 0 R 2 0 R 2 0 R]>>endobj trailer<</Root 1 0 R>>\n%%EOF"), // prettier-ignore
};
