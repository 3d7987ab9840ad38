/**
 * Animated AVIF by sharp, which reads none: a still whose data are those of several frames shows the
 * last of them, since libaom decodes all and hands out one. Where frames lie is what our reader of
 * the tracks says.
 */
import sharp from "sharp";
import { listBoxes } from "../../src/codecs/isobmff/boxes.ts";
import { readMovie, type Track } from "../../src/codecs/isobmff/movie.ts";
import { writeHeifHead, type NewTiles } from "../../src/codecs/isobmff/write.ts";
import { fromBytes } from "../../src/pipeline/bytes.ts";
import { withoutUnseen } from "./judge-animation.ts";
import type { Moving } from "./lab-client.ts";

export async function judgeAvif(file: Uint8Array): Promise<Moving> {
  const movie = listBoxes(file).find(({ type }) => type === "moov");
  if (!movie) throw new Error("The file is no sequence.");
  const tracks = readMovie(fromBytes(file), file.subarray(movie.start, movie.end));
  const colour = tracks.find(({ references }) => !references.has("auxl"));
  const alpha = tracks.find(({ references }) => references.has("auxl")) ?? null;
  if (!colour) throw new Error("The file has no track.");
  const frames = colour.samples.map((_, frame) =>
    sharp(writeStill(file, colour, alpha, frame))
      .ensureAlpha()
      .raw()
      .toBuffer(),
  );
  return {
    ...{ width: colour.width, height: colour.height, plays: colour.plays },
    durations: colour.samples.map(({ durationMs }) => durationMs),
    data: withoutUnseen(Buffer.concat(await Promise.all(frames))),
  };
}

/** An AVIF of one picture, with all that it builds on. */
function writeStill(file: Uint8Array, colour: Track, alpha: Track | null, frame: number): Buffer {
  const { width, height, properties } = colour;
  const coded = (track: Track): Buffer =>
    Buffer.concat(
      track.samples
        .slice(0, frame + 1)
        .map(({ offset, bytes }) => file.subarray(offset, offset + bytes)),
    );
  const describe = (track: Track, depths: number[]): NewTiles => {
    const configuration = track.properties.find((one) => one.kind === "configuration");
    return {
      ...{ tileWidth: width, tileHeight: height, columns: 1, rows: 1, depths },
      configuration: configuration?.bytes ?? new Uint8Array(0),
      sizes: [coded(track).length],
    };
  };
  const coding = properties.find((one) => one.kind === "colour")?.colour;
  if (!coding) throw new Error("The track does not say its colours.");
  const head = writeHeifHead({
    ...{ brands: ["avif", "mif1", "miaf"], width, height, coding },
    codec: { item: "av01", configuration: "av1C" },
    colour: describe(colour, [8, 8, 8]),
    alpha: alpha && describe(alpha, [8]),
    metadata: { icc: null, exif: null, xmp: null },
  });
  return Buffer.concat([head, coded(colour), ...(alpha ? [coded(alpha)] : [])]);
}
