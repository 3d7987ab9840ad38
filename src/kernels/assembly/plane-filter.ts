// The filters of planes of alpha (RFC 9649, section 2.7.1.2), undone row by row.

const HORIZONTAL = 1;
const VERTICAL = 2;

/** A filtered row in place; `above` is the row above as it was encoded, 0 for the first. */
export function unfilterPlaneRow(kind: i32, row: usize, above: usize, width: i32): void {
  if (kind == 0) return;
  if (kind == HORIZONTAL || above == 0) addLeft(row, above ? load<u8>(above) : 0, width);
  else if (kind == VERTICAL) addAbove(row, above, width);
  else addGradient(row, above, width);
}

function addLeft(row: usize, first: i32, width: i32): void {
  let sample = first;
  for (const end = row + width; row < end; row++) {
    sample += <i32>load<u8>(row);
    store<u8>(row, <u8>sample);
  }
}

function addAbove(row: usize, above: usize, width: i32): void {
  const end = row + width;
  for (; row + 16 <= end; row += 16) {
    v128.store(row, i8x16.add(v128.load(row), v128.load(above)));
    above += 16;
  }
  for (; row < end; row++) store<u8>(row, load<u8>(row) + load<u8>(above++));
}

function addGradient(row: usize, above: usize, width: i32): void {
  let left = <i32>load<u8>(above);
  let corner = left;
  for (const end = row + width; row < end; row++) {
    const top = <i32>load<u8>(above++);
    const gradient = min(max(left + top - corner, 0), 255);
    left = (<i32>load<u8>(row) + gradient) & 255;
    store<u8>(row, <u8>left);
    corner = top;
  }
}
