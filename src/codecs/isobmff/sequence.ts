/** The sequence in a HEIF file: the track of its colours, that of their opacity, and the first picture. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import { damaged, unsupported } from "./failures.ts";
import { findProperty, isAlpha, type HeifImage, type Piece, type Tiling } from "./images.ts";
import { readMovie, type Track } from "./movie.ts";
import { orientationOf, readOrientation, readWindow } from "./transform.ts";

/** One of its streams of coded pictures, which all are of one kind. */
export interface Stream {
  track: Track;
  /** The first of its pictures. */
  piece: Piece;
}

export interface Sequence {
  colour: Stream;
  alpha: Stream | null;
  /** As if there were nothing but the first picture. */
  image: HeifImage;
}

/**
 * The first track that is shown.
 * @param movie what is in the file's movie box
 * @returns null where there is none
 * @throws AppError invalid_image, truncated_image, unsupported_feature
 */
export function readSequence(file: ByteSource, movie: Uint8Array): Sequence | null {
  const tracks = readMovie(file, movie);
  const shown = tracks.find(({ references }) => !references.has("auxl"));
  if (!shown) return null;
  const hiding = tracks.find(
    ({ references, properties }) =>
      references.get("auxl")?.includes(shown.id) && isAlpha(properties),
  );
  const colour = toStream(shown);
  const alpha = hiding ? toStream(hiding) : null;
  if (alpha && !matches(colour, alpha)) {
    throw unsupported("alpha", "Transparency that is divided unlike its sequence cannot be read.");
  }
  const { properties, matrix, references } = shown;
  const isTurned = properties.some(({ kind }) => kind === "turn" || kind === "mirror");
  const image: HeifImage = {
    colour: toTiling(colour),
    alpha: alpha && toTiling(alpha),
    premultiplied: hiding !== undefined && (references.get("prem")?.includes(hiding.id) ?? false),
    window: readWindow(properties, shown),
    orientation: isTurned ? readOrientation(properties) : (orientationOf(matrix) ?? 1),
    coding: findProperty(properties, "colour")?.colour ?? null,
    metadata: { icc: findProperty(properties, "profile")?.icc ?? null, exif: null, xmp: null },
    warnings: [],
  };
  return { colour, alpha, image };
}

const matches = ({ track: one }: Stream, { track: other }: Stream): boolean =>
  one.width === other.width &&
  one.height === other.height &&
  one.codec === other.codec &&
  one.samples.length === other.samples.length;

function toStream(track: Track): Stream {
  const { codec, width, height, properties, samples } = track;
  const configuration = findProperty(properties, "configuration");
  const [first] = samples;
  if (!configuration || !first) throw damaged("The file's sequence is incomplete.");
  const { offset, bytes } = first;
  const piece: Piece = {
    ...{ codec, width, height, configuration: configuration.bytes },
    ...{ extents: [{ offset, length: bytes }], inMeta: false, bytes },
  };
  return { track, piece };
}

function toTiling({ piece }: Stream): Tiling {
  const { width, height } = piece;
  return { columns: 1, rows: 1, pieces: [piece], width, height };
}
