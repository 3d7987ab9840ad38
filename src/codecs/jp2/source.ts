/** A JPEG 2000 file as a source. */
import { MIB } from "../../limits.ts";
import { readOrientation } from "../../metadata/exif.ts";
import { slice, type ByteSource } from "../../pipeline/bytes.ts";
import type { DecodePlan, PictureInfo, Source } from "../../pipeline/picture.ts";
import { REDUCED_TO_8_BIT } from "../reduced-to-8-bit.ts";
import { describeColour } from "./colour.ts";
import { readContainer } from "./container.ts";
import { bufferBytes, decode, wholeOf, type Coded } from "./decode.ts";
import { unsupported } from "./failures.ts";
import { readMainHeader, type Component } from "./markers.ts";
import { gridOf, samplesOf, scalesOf, tileArea } from "./tiles.ts";

/** Measured: an instance that has decoded nothing, and what of it is in use. */
const INSTANCE_BYTES = 16 * MIB;
const USED_BYTES = 3 * MIB;
const VALUE_BYTES = 4;
/** What is known of a code block and of its place in the precinct. */
const BLOCK_BYTES = 640;
/** Sums over all resolutions of a picture, and blocks that edges cut. */
const BLOCKS_SHARE = 1.5;
/** Of samples, coded: no coder needs more than this beyond what they take as they are. */
const CODED_SHARE = 1.25;
const CODED_SLACK_BYTES = 64 * 1024;

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function openJp2(bytes: ByteSource): Promise<Source> {
  const container = await readContainer(bytes);
  const { start, size } = container.codestream;
  const codestream = slice(bytes, start, size);
  const header = await readMainHeader(codestream);
  const { components } = header;
  const [first] = components as [Component];
  if (components.some(({ dx, dy }) => dx % first.dx !== 0 || dy % first.dy !== 0)) {
    throw unsupported("sampling", "JPEG 2000 with a coarse first component cannot be read.");
  }
  const colour = describeColour(container, components);
  const coded: Coded = { codestream, header, colour };
  const { width, height } = wholeOf(header, 1);
  const info: PictureInfo = { width, height, channels: colour.channels, icc: colour.icc };
  const { exif } = container.metadata;
  const depth = Math.max(...components.map(({ bits }) => bits));
  return {
    format: "jp2",
    ...{ ...info, depth, frames: 1, pages: 1 },
    orientation: exif ? readOrientation(exif) : 1,
    metadata: { ...container.metadata, icc: colour.icc },
    warnings: depth > 8 ? [REDUCED_TO_8_BIT] : [],
    scales: scalesOf(header),
    memory: (plan) => instanceBytes(coded, plan) + bufferBytes(coded, plan.scale),
    picture: (plan, workspace) => {
      const { width: columns, height: rows } = wholeOf(header, plan.scale);
      const strips = decode(coded, plan.scale, instanceBytes(coded, plan), workspace);
      return Promise.resolve({ ...info, width: columns, height: rows, strips });
    },
  };
}

/** Upper bound of OpenJPEG's memory: the values of a tile, how it is parted, and two copies of it. */
function instanceBytes({ codestream, header }: Coded, { scale }: DecodePlan): number {
  const { components } = header;
  const { columns, rows } = gridOf(header);
  // The first, one inside, the last.
  const areas = [0, 1, Infinity].map((at) =>
    tileArea(header, Math.min(at, columns - 1), Math.min(at, rows - 1)),
  );
  let [values, blocks, plainBits] = [0, 0, 0];
  for (const component of components) {
    const most = (side: "width" | "height", by: number): number =>
      Math.max(...areas.map((area) => samplesOf(area, component, by)[side]));
    values += (most("width", scale) + 8) * (most("height", scale) + 8);
    const samples = most("width", 1) * most("height", 1);
    blocks += samples / component.blockArea + 4 * component.levels + 4;
    plainBits += samples * component.bits;
  }
  const coded = Math.min(codestream.size, (plainBits / 8) * CODED_SHARE + CODED_SLACK_BYTES);
  const used = USED_BYTES + values * VALUE_BYTES + blocks * BLOCKS_SHARE * BLOCK_BYTES + 2 * coded;
  return Math.ceil(Math.max(INSTANCE_BYTES, used) / 65_536) * 65_536;
}
