/** The one XMP property that changes how a picture looks: tiff:Orientation, beside EXIF's field. */

/** As an attribute, or as an element; the value is one digit. */
const ORIENTATION = /tiff:Orientation(?:\s*=\s*["']|>)\s*(?=[2-8])/g;

/**
 * A copy that says the picture is upright, for pixels that have been turned; nothing is added where
 * the property is missing. Packets are UTF-8, so that bytes can be searched as they are; one in
 * UTF-16 stays as it is, EXIF's field having precedence (XMP Specification, part 3, section 2.1).
 */
export function withUprightXmp(xmp: Uint8Array): Uint8Array {
  const copy = xmp.slice();
  for (const match of new TextDecoder("latin1").decode(copy).matchAll(ORIENTATION)) {
    copy[match.index + match[0].length] = "1".charCodeAt(0);
  }
  return copy;
}
