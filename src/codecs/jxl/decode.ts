/** A JPEG XL file in the decoder's memory: how much that takes, and its pictures as strips. */
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import { chunks } from "../../pipeline/bytes.ts";
import { mib } from "../../pipeline/workspace.ts";
import type { MemoryGate, Workspace } from "../../pipeline/memory.ts";
import {
  shownDuration,
  STRIP_ROWS,
  type Frame,
  type PictureInfo,
  type Strip,
} from "../../pipeline/picture.ts";
import type { JxlFile } from "./container.ts";
import { damaged, truncated, unsupported } from "./failures.ts";
import type { JxlHeader } from "./header.ts";
import {
  OxideError,
  OXIDE_BASE_BYTES,
  oxideOf,
  type Oxide,
  type RenderedPicture,
} from "./oxide.ts";
import { layoutOf, packRows } from "./samples.ts";

/** An opened file, and what its pixels are delivered in. */
export interface Opened {
  file: JxlFile;
  header: JxlHeader;
  forcesSrgb: boolean;
}

const CHUNK_BYTES = 256 * 1024;

/** Measured, in bytes, of each plane's samples: whole numbers that are narrow, and all others. */
const NARROW_SAMPLE_BYTES = 4.1;
const SAMPLE_BYTES = 8.2;
/** Of a pixel that noise is added to. */
const NOISE_PIXEL_BYTES = 12;
/** Of each sample where frames are laid one over the other. */
const LAYERED_SAMPLE_BYTES = 13.4;
/** Of each sample of a frame that has been shown: later ones may be made of it. */
const KEPT_SAMPLE_BYTES = 4.2;
const WORK_BYTES = 4 * MIB;

/** The decoder's memory, as large as its kinds are. */
export function decoderBytes({ file, header }: Opened, frames = 1): number {
  const { width, height, isGray, isXyb, isNarrow, extraChannels, firstFrame } = header;
  const areWhole = firstFrame?.isModular === true && !isXyb && isNarrow;
  const planes = (isGray && areWhole ? 1 : 3) + extraChannels.length;
  const isLayered = firstFrame?.isLayer === true && frames === 1 && !header.animation;
  const sampleBytes = areWhole ? NARROW_SAMPLE_BYTES : SAMPLE_BYTES;
  const noise = firstFrame?.hasNoise === true ? NOISE_PIXEL_BYTES : 0;
  const pixelBytes =
    planes * (isLayered ? LAYERED_SAMPLE_BYTES : sampleBytes) +
    (frames - 1) * planes * KEPT_SAMPLE_BYTES +
    noise;
  return sizeOf(
    OXIDE_BASE_BYTES +
      WORK_BYTES +
      3 * CHUNK_BYTES +
      file.codestreamBytes +
      width * height * pixelBytes,
  );
}

const sizeOf = (neededBytes: number): number =>
  oxideOf(neededBytes)?.bytes ?? Math.ceil(neededBytes);

async function take(workspace: Workspace, neededBytes: number): Promise<Oxide> {
  const found = oxideOf(neededBytes);
  if (!found) throw tooLarge(neededBytes);
  return await workspace.take(found.kind, found.bytes);
}

const tooLarge = (bytes: number): AppError =>
  new AppError(
    "memory_limit",
    `The JPEG XL picture takes more memory than the ${mib(bytes)} planned.`,
    {
      limit: "memory_plan",
      limit_bytes: bytes,
    },
  );

/** For what must be known of a file before it is admitted: works on it in room of its own. */
export async function inOxide<T>(
  gate: MemoryGate,
  neededBytes: number,
  work: (oxide: Oxide) => Promise<T>,
): Promise<T> {
  const workspace = await gate.admit(sizeOf(neededBytes));
  let outcome: "succeeded" | "failed" = "failed";
  try {
    const result = await work(await take(workspace, neededBytes));
    outcome = "succeeded";
    return result;
  } finally {
    workspace.close(outcome);
  }
}

/** Gives the decoder the codestream for as long as it wants more of it, in pieces that are not small. */
export async function feedWhile(
  oxide: Oxide,
  { parts }: JxlFile,
  wantsMore: (fedBytes: number) => boolean,
): Promise<void> {
  const piece = new Uint8Array(CHUNK_BYTES);
  let [filled, fed] = [0, 0];

  /** @returns whether it wants more */
  function feed(): boolean {
    asDamage(() => oxide.feed(piece.subarray(0, filled)));
    fed += filled;
    filled = 0;
    return wantsMore(fed);
  }

  for (const part of parts) {
    if (part.size === 0) continue;
    for await (const chunk of chunks(await part.stream(), CHUNK_BYTES)) {
      const fitting = Math.min(chunk.length, piece.length - filled);
      piece.set(chunk.subarray(0, fitting), filled);
      filled += fitting;
      if (filled === piece.length && !feed()) return;
      piece.set(chunk.subarray(fitting), filled);
      filled += chunk.length - fitting;
    }
  }
  if (filled > 0) feed();
}

async function load(oxide: Oxide, { file, forcesSrgb }: Opened): Promise<void> {
  oxide.begin(forcesSrgb);
  await feedWhile(oxide, file, () => !oxide.isWhole);
  if (!oxide.isWhole) throw truncated();
}

/** How many frames there are to be seen. */
export async function countFrames(opened: Opened, gate: MemoryGate): Promise<number> {
  const neededBytes = OXIDE_BASE_BYTES + WORK_BYTES + opened.file.codestreamBytes * 1.5;
  return await inOxide(gate, neededBytes, async (oxide) => {
    await load(oxide, opened);
    return Math.max(1, oxide.frames);
  });
}

export const stripBytes = ({ width, height, channels }: Omit<PictureInfo, "icc">): number =>
  width * Math.min(height, STRIP_ROWS) * channels;

/** The first frame. */
export async function* decodeStrips(
  opened: Opened,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { header } = opened;
  const oxide = await take(workspace, decoderBytes(opened));
  const strip = workspace.allocate(stripBytes({ ...header, ...layoutOf(header) }));
  await load(oxide, opened);
  yield* pack(render(oxide, 0, header), opened, layoutOf(header), strip);
}

/** All frames, each RGBA. */
export async function* decodeFrames(
  opened: Opened,
  count: number,
  icc: Uint8Array | null,
  workspace: Workspace,
): AsyncGenerator<Frame, void, undefined> {
  const { header } = opened;
  const { width, height } = header;
  const layout = { ...layoutOf(header), channels: 4 } as const;
  const oxide = await take(workspace, decoderBytes(opened, count));
  const strip = workspace.allocateLasting(stripBytes({ width, height, channels: 4 }));
  await load(oxide, opened);
  for (let index = 0; index < count; index++) {
    const picture = render(oxide, index, header);
    const strips = pack(picture, opened, layout, strip);
    const durationMs = shownDuration(picture.durationMs);
    yield { width, height, channels: 4, icc, durationMs, strips };
  }
}

function render(oxide: Oxide, index: number, header: JxlHeader): RenderedPicture {
  const picture = asDamage(() => oxide.render(index));
  if (oxide.hasGrown) throw tooLarge(oxide.givenBytes);
  checkPicture(picture, header);
  return picture;
}

// Async only in form: strips are iterated as those of streams are.
async function* pack(
  picture: RenderedPicture,
  { header }: Opened,
  layout: ReturnType<typeof layoutOf>,
  strip: Uint8Array,
): AsyncGenerator<Strip, void, undefined> {
  const { width, height } = header;
  for (let y = 0; y < height; y += STRIP_ROWS) {
    const end = Math.min(height, y + STRIP_ROWS);
    const data = strip.subarray(0, (end - y) * width * layout.channels);
    packRows(header, picture, layout, [y, end], data);
    yield { y, rows: end - y, data };
  }
}

/** Whatever the decoder says of a file, and where it gives up, the file is damaged. */
function asDamage<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof OxideError || thrown instanceof WebAssembly.RuntimeError) {
      throw damaged("The JPEG XL data are damaged.");
    }
    throw thrown;
  }
}

function checkPicture({ planes, colours, icc }: RenderedPicture, header: JxlHeader): void {
  const { width, height, extraChannels, isXyb, colour } = header;
  const isComplete = planes.length === colours + extraChannels.length;
  const fits = planes.every(
    ({ stride, samples }) => stride >= width && samples.length >= stride * (height - 1) + width,
  );
  if (!isComplete || !fits) throw damaged("The JPEG XL data are of another picture.");
  if (icc !== null && isXyb && colour === null) {
    throw unsupported("profile", "The JPEG XL picture has colours that cannot be read here.");
  }
}
