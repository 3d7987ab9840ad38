/** JPEG to strips with our own kernel: neither the picture nor its coefficients are ever whole. */
import { AppError } from "../../errors.ts";
import * as layout from "../../kernels/assembly/jpeg-decode-layout.ts";
import type { Engine } from "../../kernels/engine.ts";
import {
  canMeasure,
  decoderBytes,
  INPUT_BYTES,
  INPUT_SLACK_BYTES,
  MAX_SCANS,
  type DecoderPlan,
} from "../../kernels/jpeg-decode-geometry.ts";
import { startJpegDecoder, type JpegDecoder, type ReaderPlan } from "../../kernels/jpeg-decoder.ts";
import { chunks, readAll, type ByteSource } from "../../pipeline/bytes.ts";
import type { DecodePlan, Strip, Warning } from "../../pipeline/picture.ts";
import { DAMAGED, invalid, truncated } from "./failures.ts";
import type { JpegHeader } from "./header.ts";
import { findEnd, listScans } from "./scans.ts";
import { EOI } from "./segments.ts";
import { parseScan, type Tables } from "./tables.ts";

/** Strips of samples: of 4 channels, inks, 0 being none. */
export interface Decoded {
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  /** At most. */
  stripRows: number;
  strips: AsyncIterable<Strip>;
}

export interface Opened {
  bytes: ByteSource;
  header: JpegHeader;
  /** Grows if the data proves slightly damaged. */
  warnings: Warning[];
}

/** @throws AppError for every status but DONE */
function check(status: number): void {
  if (status === layout.NEEDS_MORE || status === layout.TRUNCATED) throw truncated();
  if (status !== layout.DONE) throw invalid();
}

function toPlan(header: JpegHeader, fileBytes: number, plan: DecodePlan): DecoderPlan {
  const { width, height, components, multipleScans } = header;
  return { width, height, components, multipleScans, fileBytes, ...plan };
}

/** Whether our kernel reads such a file; what it does not is libjpeg-turbo's. */
export function canStream(header: JpegHeader, plan: DecodePlan): boolean {
  return canMeasure(toPlan(header, 0, plan));
}

export function planStream(header: JpegHeader, fileBytes: number, plan: DecodePlan): number {
  return decoderBytes(toPlan(header, fileBytes, plan));
}

/**
 * @param engine where the decoder's state and the strips are
 * @throws AppError invalid_image, truncated_image; the strips throw them, too
 */
export async function decodeStream(
  opened: Opened,
  plan: DecodePlan,
  engine: Engine,
): Promise<Decoded> {
  const { header, bytes } = opened;
  const decoder = startJpegDecoder(engine, toPlan(header, bytes.size, plan), {
    colour: header.colour,
    invertInks: header.adobe,
  });
  const { region, channels, stripRows } = decoder.geometry;
  const { width, height } = region;
  const strips = header.multipleScans
    ? await readScans(decoder, engine, opened)
    : readSingle(decoder, engine, opened);
  return { width, height, channels, stripRows, strips };
}

/** Quantisation tables count as they are when a component's first scan starts. */
function setQuantisation(
  decoder: JpegDecoder,
  header: JpegHeader,
  { parts }: ReaderPlan,
  tables: Tables,
): void {
  for (const { component } of parts) {
    const divisors = tables.quantisation[header.components[component]?.quantisation ?? 0];
    if (!divisors) throw invalid("The JPEG file lacks a quantisation table.");
    decoder.setQuantisation(component, divisors);
  }
}

const idsOf = (header: JpegHeader): number[] => header.components.map(({ id }) => id);

/** One scan with all components: the file passes by. */
async function* readSingle(
  decoder: JpegDecoder,
  engine: Engine,
  { bytes, header, warnings }: Opened,
): AsyncGenerator<Strip> {
  const { tables, scan: payload, dataOffset, progressive } = header;
  const scan = parseScan(payload, idsOf(header), progressive, tables);
  setQuantisation(decoder, header, scan, tables);
  const reader = decoder.openReader(scan);
  const input = engine.allocate(INPUT_BYTES + INPUT_SLACK_BYTES);
  const source = chunks(await bytes.stream(dataOffset), INPUT_BYTES);
  let offset = dataOffset;
  decoder.setInput(reader, input, input);

  /** Lets the kernel go on until it needs no more of the file. */
  async function run(step: () => number): Promise<void> {
    let status = step();
    while (status === layout.NEEDS_MORE) {
      const { value } = await source.next();
      if (!value) throw offset < bytes.size ? unreadable() : truncated();
      offset += value.length;
      decoder.addInput(reader, input, value);
      status = step();
    }
    check(status);
  }

  try {
    yield* writeStrips(decoder, engine, {
      read: (row) => run(() => decoder.readRow(reader, row)),
      finish: async () => {
        await run(() => decoder.skip(reader));
        if (decoder.get(reader, layout.SKIPPED) > 0) warnings.push(DAMAGED);
        const unread = decoder.get(reader, layout.RAW_END) - decoder.get(reader, layout.RAW_AT);
        const marker = decoder.get(reader, layout.MARKER);
        if (marker !== EOI && !(await findEnd(bytes, offset - unread - 2))) throw truncated();
      },
    });
  } finally {
    await source.return();
  }
}

const unreadable = (): AppError =>
  new AppError("storage_unavailable", "The stored file could not be read to its end.");

/** Several scans: the file is held in memory, each scan has its reader, and all advance together. */
async function readScans(
  decoder: JpegDecoder,
  engine: Engine,
  { bytes, header }: Opened,
): Promise<AsyncGenerator<Strip>> {
  const file = engine.allocate(bytes.size + INPUT_SLACK_BYTES);
  await readAll(bytes, (offset, chunk) => engine.view(file + offset, chunk.length).set(chunk));
  const { scans, complete } = listScans(engine.view(file, bytes.size), header);
  if (!complete) throw truncated();
  if (scans.length > MAX_SCANS) throw invalid(`The JPEG file has ${scans.length} scans.`);
  const seen = new Set<number>();
  const readers = scans.map(({ payload, tables, offset }) => {
    const scan = parseScan(payload, idsOf(header), header.progressive, tables);
    const fresh = scan.parts.filter(({ component }) => !seen.has(component));
    setQuantisation(decoder, header, { ...scan, parts: fresh }, tables);
    for (const { component } of fresh) seen.add(component);
    const reader = decoder.openReader(scan);
    decoder.setInput(reader, file + offset, file + bytes.size);
    return reader;
  });
  if (seen.size < header.components.length) throw truncated();
  if (decoder.tableCount() > decoder.geometry.maxTables) {
    throw invalid("The JPEG file has too many Huffman tables.");
  }
  return writeStrips(decoder, engine, {
    read(row) {
      for (const reader of readers) check(decoder.readCoefficients(reader, row));
      decoder.transformRow(row);
    },
    finish: () => undefined,
  });
}

interface Steps {
  /** Makes the samples of a row of MCUs, if they are wanted. */
  read(row: number): Promise<void> | void;
  /** Checks what follows the picture's last one. */
  finish(): Promise<void> | void;
}

async function* writeStrips(
  decoder: JpegDecoder,
  engine: Engine,
  { read, finish }: Steps,
): AsyncGenerator<Strip> {
  const { geometry, strip } = decoder;
  const { mcuRows, endRow, rowsPerMcu, stripRows, context, channels, region } = geometry;
  const { width } = region;
  const bottom = region.y + region.height;
  let y = region.y;
  let written = y;
  for (let row = 0; row < endRow; row++) {
    await read(row);
    if (row === mcuRows - 1) await finish();
    // The last row of an MCU's pixels may depend on the MCU below.
    const known = row === endRow - 1 ? bottom : (context ? row : row + 1) * rowsPerMcu;
    while (written < known) {
      const end = Math.min(known, y + stripRows);
      decoder.writeRows(written, end, y);
      written = end;
      if (written < y + stripRows && written < bottom) break;
      const rows = written - y;
      yield { y: y - region.y, rows, data: engine.view(strip, rows * width * channels) };
      y = written;
    }
  }
}
