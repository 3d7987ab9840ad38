/** The meta box: items, where their data lie, what they are and how they refer to each other. */
import { Cursor, listBoxes, type Box } from "./boxes.ts";
import { damaged } from "./failures.ts";
import { readProperty, type Property } from "./properties.ts";

/** A part of an item's data: in the file, or in the meta box itself. */
export interface Extent {
  offset: number;
  /** Infinity is up to the end. */
  length: number;
}

export interface Item {
  id: number;
  /** av01, hvc1, grid, Exif, mime ... */
  type: string;
  contentType: string;
  hidden: boolean;
  extents: Extent[];
  inMeta: boolean;
  /** In the order in which they apply. */
  properties: Property[];
  /** Items it refers to, by the kind of reference. */
  references: Map<string, number[]>;
}

export interface Meta {
  primary: number;
  items: Map<number, Item>;
  /** What items with `inMeta` hold. */
  data: Uint8Array;
}

const MAX_ITEMS = 8192;
const MAX_EXTENTS = 32_768;
/** An item's, those of its tiles included. */
const MAX_REFERENCES = 65_536;

/** @throws AppError invalid_image */
export function readMeta(bytes: Uint8Array): Meta {
  const body = new Cursor(bytes);
  body.head();
  const children = listBoxes(bytes, body.offset);
  const cursor = (type: string): Cursor | null => {
    const box = children.find((child) => child.type === type);
    return box ? new Cursor(bytes, box.start, box.end) : null;
  };
  const infos = cursor("iinf");
  const locations = cursor("iloc");
  const primary = cursor("pitm");
  if (!infos || !locations || !primary) throw damaged("The file describes no image.");
  const items = readInfos(infos);
  readLocations(locations, items);
  const references = cursor("iref");
  if (references) readReferences(references, items);
  const properties = cursor("iprp");
  if (properties) readProperties(bytes, listBoxes(bytes, properties.offset, properties.end), items);
  return {
    primary: readPrimary(primary),
    items,
    data: cursor("idat")?.rest() ?? new Uint8Array(0),
  };
}

function readPrimary(cursor: Cursor): number {
  return cursor.head().version === 0 ? cursor.u16() : cursor.u32();
}

function readInfos(cursor: Cursor): Map<number, Item> {
  const count = cursor.head().version === 0 ? cursor.u16() : cursor.u32();
  if (count > MAX_ITEMS) throw damaged("The file describes too many images.");
  const items = new Map<number, Item>();
  for (const box of listBoxes(cursor.bytes, cursor.offset, cursor.end)) {
    if (box.type !== "infe") continue;
    const entry = new Cursor(cursor.bytes, box.start, box.end);
    const { version, flags } = entry.head();
    if (version < 2) continue;
    const id = version === 2 ? entry.u16() : entry.u32();
    entry.u16(); // protection
    const type = entry.text(4);
    entry.string(); // name
    const contentType = type === "mime" ? entry.string() : "";
    items.set(id, {
      ...{ id, type, contentType, hidden: (flags & 1) !== 0 },
      ...{ extents: [], inMeta: false, properties: [], references: new Map() },
    });
  }
  return items;
}

/** ISO/IEC 14496-12, section 8.11.3. */
function readLocations(cursor: Cursor, items: Map<number, Item>): void {
  const { version } = cursor.head();
  const sizes = cursor.u16();
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexSize = version === 0 ? 0 : sizes & 15;
  const count = version < 2 ? cursor.u16() : cursor.u32();
  let extents = 0;
  for (let i = 0; i < count; i++) {
    const item = items.get(version < 2 ? cursor.u16() : cursor.u32());
    const construction = version === 0 ? 0 : cursor.u16() & 15;
    const elsewhere = cursor.u16() !== 0;
    const base = cursor.sized(baseSize);
    const parts = cursor.u16();
    extents += parts;
    if (extents > MAX_EXTENTS) throw damaged();
    for (let part = 0; part < parts; part++) {
      cursor.sized(indexSize);
      const offset = base + cursor.sized(offsetSize);
      const length = cursor.sized(lengthSize);
      item?.extents.push({ offset, length: length === 0 ? Infinity : length });
    }
    if (!item) continue;
    if (elsewhere || construction > 1) item.extents = [];
    item.inMeta = construction === 1;
  }
}

function readReferences(cursor: Cursor, items: Map<number, Item>): void {
  const wide = cursor.head().version !== 0;
  let total = 0;
  for (const box of listBoxes(cursor.bytes, cursor.offset, cursor.end)) {
    const entry = new Cursor(cursor.bytes, box.start, box.end);
    const id = () => (wide ? entry.u32() : entry.u16());
    const from = items.get(id());
    const count = entry.u16();
    total += count;
    if (total > MAX_REFERENCES) throw damaged();
    const to = Array.from({ length: count }, id);
    from?.references.set(box.type, [...(from.references.get(box.type) ?? []), ...to]);
  }
}

function readProperties(bytes: Uint8Array, boxes: Box[], items: Map<number, Item>): void {
  const container = boxes.find(({ type }) => type === "ipco");
  if (!container) return;
  const properties = listBoxes(bytes, container.start, container.end).map((box) =>
    readProperty(box.type, new Cursor(bytes, box.start, box.end)),
  );
  for (const box of boxes) {
    if (box.type !== "ipma") continue;
    const cursor = new Cursor(bytes, box.start, box.end);
    const { version, flags } = cursor.head();
    const count = cursor.u32();
    if (count > MAX_ITEMS) throw damaged();
    for (let i = 0; i < count; i++) {
      const item = items.get(version === 0 ? cursor.u16() : cursor.u32());
      const associations = cursor.u8();
      for (let k = 0; k < associations; k++) {
        const index = (flags & 1) !== 0 ? cursor.u16() & 0x7fff : cursor.u8() & 0x7f;
        const property = properties[index - 1] ?? null;
        if (item && property) item.properties.push(property);
      }
    }
  }
}
