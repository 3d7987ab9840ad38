/** A sequence's pictures as an animation's frames. */
import { align, ENGINE, type Engine } from "../../kernels/engine.ts";
import {
  createColourMatrix,
  createPlanarReader,
  planarReaderBytes,
  type PlanarReader,
} from "../../kernels/planar.ts";
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import {
  shownDuration,
  type Animation,
  type Frame,
  type PictureInfo,
  type Strip,
} from "../../pipeline/picture.ts";
import { cropMemory, cropStrips } from "./crop.ts";
import { damaged, truncated } from "./failures.ts";
import type { Sequence, Stream } from "./sequence.ts";
import { divideByAlpha, type DecodePiece, type PieceDecoder } from "./tiles.ts";

/** Pictures are small and follow each other: each time is a request to the store. */
const WINDOW_BYTES = 256 * 1024;
const STRIP_ROWS = 16;
const CHANNELS = 4;

interface Planned {
  file: ByteSource;
  sequence: Sequence;
  start: NonNullable<PieceDecoder["sequences"]>["start"];
  info: PictureInfo;
  /** Of the decoders, in bytes. */
  colourBytes: number;
  alphaBytes: number;
}

/**
 * @param decoder of the sequence's codec
 * @returns null where it knows no sequences of such samples
 */
export function toAnimation(
  file: ByteSource,
  sequence: Sequence,
  decoder: PieceDecoder,
  { width, height, icc }: PictureInfo,
): Animation | null {
  const { sequences } = decoder;
  const { colour, alpha, image } = sequence;
  const memoryOf = ({ piece }: Stream): number | null =>
    sequences?.memory(piece.width, piece.height, decoder.describe(piece.configuration)) ?? null;
  const forColour = memoryOf(colour);
  const forAlpha = alpha ? memoryOf(alpha) : 0;
  if (!sequences || forColour === null || forAlpha === null) return null;
  const planned: Planned = {
    ...{ file, sequence, start: sequences.start },
    info: { width, height, channels: CHANNELS, icc },
    colourBytes: forColour + longest(colour),
    alphaBytes: alpha ? forAlpha + longest(alpha) : 0,
  };
  const { bandBytes, opacityBytes, readerBytes } = layOut(sequence);
  const memoryBytes =
    planned.colourBytes +
    planned.alphaBytes +
    windowBytes(colour) +
    (alpha ? windowBytes(alpha) : 0) +
    align(bandBytes) +
    align(opacityBytes) +
    readerBytes +
    cropMemory(image.colour, planned.info);
  return {
    plays: colour.track.plays,
    colours: null,
    memory: () => memoryBytes,
    frames: (_plan, workspace) => playFrames(planned, workspace),
  };
}

/** Of the coded pictures, in bytes. */
const longest = ({ track }: Stream): number =>
  track.samples.reduce((most, { bytes }) => Math.max(most, bytes), 0);

const windowBytes = (stream: Stream): number => WINDOW_BYTES + longest(stream);

/** How the engine's arena is divided: rows of RGBA, the opacity of these, and what makes them. */
function layOut({ colour: { piece } }: Sequence) {
  return {
    bandBytes: STRIP_ROWS * piece.width * CHANNELS + 16,
    opacityBytes: STRIP_ROWS * piece.width + 16,
    readerBytes: planarReaderBytes(piece.width, 8),
  };
}

/** Pictures build on those before them, so that all are decoded. */
async function* playFrames(
  planned: Planned,
  workspace: Workspace,
): AsyncGenerator<Frame, void, undefined> {
  const { sequence, info, colourBytes, alphaBytes } = planned;
  const { colour, alpha, image } = sequence;
  const nextColour = await openStream(planned, colour, "colour", colourBytes, workspace);
  const nextAlpha = alpha && (await openStream(planned, alpha, "alpha", alphaBytes, workspace));
  const { bandBytes, opacityBytes, readerBytes } = layOut(sequence);
  const bytes = align(bandBytes) + align(opacityBytes) + readerBytes;
  const engine = await workspace.take(ENGINE, bytes);
  const room: Room = {
    engine,
    reader: createPlanarReader(engine, colour.piece.width, 8),
    band: engine.allocate(bandBytes),
    opacity: engine.allocate(opacityBytes),
  };
  for (const [index, { durationMs }] of colour.track.samples.entries()) {
    const opacity = nextAlpha && (await nextAlpha(index));
    const strips = stripsOf(await nextColour(index), opacity, image.premultiplied, room);
    yield {
      ...info,
      durationMs: shownDuration(durationMs),
      strips: cropStrips(strips, image.colour, image.window, CHANNELS, workspace),
    };
  }
}

type Decoded = Awaited<ReturnType<DecodePiece>>;

/** Decodes a stream's pictures, which are to be asked for in their order. */
async function openStream(
  { file, sequence, start }: Planned,
  stream: Stream,
  role: "colour" | "alpha",
  bytes: number,
  workspace: Workspace,
): Promise<(index: number) => Promise<Decoded>> {
  const { piece, track } = stream;
  const decode = await start(workspace, bytes, longest(stream), role);
  const read = createWindow(file, WINDOW_BYTES);
  const declared = role === "colour" ? sequence.image.coding : null;
  return async (index) => {
    const sample = track.samples[index];
    if (!sample) throw damaged();
    const data = await read(sample.offset, sample.bytes);
    if (data.length !== sample.bytes) throw truncated();
    return await decode(piece, data, declared);
  };
}

/** In the engine. */
interface Room {
  engine: Engine;
  reader: PlanarReader;
  /** Addresses of the rows of RGBA, and of their opacity. */
  band: number;
  opacity: number;
}

/** Rows of RGBA, before they are cropped. */
// Async only in form: the picture is decoded.
async function* stripsOf(
  { planes, coding }: Decoded,
  opacity: Decoded | null,
  premultiplied: boolean,
  { engine, reader, band, opacity: pointer }: Room,
): AsyncGenerator<Strip, void, undefined> {
  const { width, height } = planes;
  const stride = width * CHANNELS;
  const matrix = createColourMatrix(planes.chroma ? coding : null, coding.fullRange, planes.bits);
  if (!opacity) engine.view(pointer, STRIP_ROWS * width).fill(255);
  for (let y = 0; y < height; y += STRIP_ROWS) {
    const rows = { y, rows: Math.min(STRIP_ROWS, height - y), width };
    const alpha = { pointer, stride: width };
    if (opacity) reader.toBytes(opacity.planes, opacity.coding.fullRange, rows, alpha);
    reader.toRgb(planes, matrix, rows, { pointer: band, stride }, alpha);
    if (opacity && premultiplied) divideByAlpha(engine, { pointer: band, stride }, rows);
    yield { y, rows: rows.rows, data: engine.view(band, rows.rows * stride) };
  }
}
