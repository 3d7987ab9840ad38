/** How long a file would become, found out on a sample of the very pixels that it will be made of. */
import type { EncodeOptions } from "../codecs/codec.ts";
import { render, start, type ConvertContext, type Prepared } from "./convert.ts";
import { encodeFailure } from "./failures.ts";
import type { Workspace } from "./memory.ts";
import type { Metadata, PictureInfo } from "./picture.ts";
import { encoderMemory } from "./plan.ts";
import type { Range } from "./size-search.ts";
import { addEfforts, effortOf, NO_EFFORT, type Effort } from "./write.ts";
import { planSample, stripsOf, takeSample, type Sample } from "./sample.ts";

export interface Probe {
  /** Whether figures are the file's, to the byte: the picture is small and was taken whole. */
  exact: boolean;
  pixels: number;
  /** One encode. */
  measure(quality: number): Promise<number>;
  /** What one pixel takes with everything around it. One encode. */
  measureLeast(): Promise<number>;
  metadataBytes: number;
  /** So far. */
  encodes(): number;
}

const MAX_SAMPLE_PIXELS = 1_500_000;
const MIN_SAMPLE_PIXELS = 100_000;

const NO_METADATA: Metadata = { icc: null, exif: null, xmp: null };

/**
 * Decodes the picture once, keeps a sample and lets `use` measure on it.
 * @param range the qualities it may be measured at
 */
export async function withProbe<T>(
  prepared: Prepared,
  range: Range,
  context: ConvertContext,
  use: (probe: Probe) => Promise<T>,
): Promise<{ result: T; effort: Effort }> {
  const { plan, encoder } = prepared;
  if (plan.animation || encoder.measuresWhole) return await withTrials(prepared, context, use);
  const { gate, onProgress } = context;
  const { sample, picture, memoryBytes } = planProbe(prepared, range, gate.budgetBytes);
  const workspace = await gate.admit(memoryBytes);
  let outcome: "succeeded" | "failed" = "failed";
  try {
    const pixels = workspace.allocate(picture.width * picture.height * picture.channels);
    await takeSample(render(prepared, workspace, onProgress), picture, sample, pixels);
    workspace.endPass(pixels);
    const probe = createProbe(prepared, sample, picture, pixels, workspace);
    const result = await use(probe);
    outcome = "succeeded";
    const effort = {
      encodes: probe.encodes(),
      plannedBytes: memoryBytes,
      usedBytes: workspace.peakBytes,
    };
    return { result, effort };
  } catch (thrown) {
    throw encodeFailure(thrown);
  } finally {
    workspace.close(outcome);
  }
}

/** What a frame takes beside its pixels, at least. */
const FRAME_BYTES = 16;

/**
 * Frames of an animation are alike or not, and shapes have no length by their size: no sample tells,
 * so all of it is made, and counted.
 */
async function withTrials<T>(
  prepared: Prepared,
  context: ConvertContext,
  use: (probe: Probe) => Promise<T>,
): Promise<{ result: T; effort: Effort }> {
  const { plan } = prepared;
  const { width, height } = plan.output;
  const frames = plan.animation?.info.frames ?? 1;
  const metadataBytes = metadataBytesOf(plan.encode);
  let effort = NO_EFFORT;
  const result = await use({
    exact: true,
    pixels: width * height * frames,
    async measure(quality) {
      const conversion = start(withQuality(prepared, quality), context);
      let bytes = 0;
      for await (const chunk of conversion.chunks) bytes += chunk.length;
      effort = addEfforts(effort, effortOf(conversion));
      return bytes;
    },
    measureLeast: () => Promise.resolve(metadataBytes + FRAME_BYTES * frames),
    metadataBytes,
    encodes: () => effort.encodes,
  });
  return { result, effort };
}

/** As planned, but for the quality and what that takes. */
function withQuality({ plan, encoder, ...prepared }: Prepared, quality: number): Prepared {
  const encode = { ...plan.encode, quality };
  const memoryBytes =
    plan.stripsBytes + encoderMemory(encoder, plan.animation, plan.output, encode);
  return { ...prepared, encoder, plan: { ...plan, encode, memoryBytes } };
}

const metadataBytesOf = ({ metadata }: EncodeOptions): number =>
  Object.values(metadata).reduce((sum, part: Uint8Array | null) => sum + (part?.length ?? 0), 0);

/** The largest sample, halved until it can be taken and encoded within the budget. */
function planProbe(prepared: Prepared, { lowest, highest }: Range, budgetBytes: number) {
  const qualities = Array.from({ length: highest - lowest + 1 }, (_, index) => lowest + index);
  const { plan, encoder } = prepared;
  for (let maxPixels = MAX_SAMPLE_PIXELS; ; maxPixels /= 2) {
    const sample = planSample(plan.output, maxPixels);
    const picture: PictureInfo = { ...plan.output, height: sample.rows };
    const encoding = qualities.map((quality) =>
      encoder.memory(picture, encodeOptions(prepared, sample, quality)),
    );
    const pixelBytes = picture.width * picture.height * picture.channels;
    const memoryBytes = pixelBytes + Math.max(plan.stripsBytes, ...encoding);
    if (memoryBytes <= budgetBytes || maxPixels <= MIN_SAMPLE_PIXELS) {
      return { sample, picture, memoryBytes };
    }
  }
}

/** Part of a picture is never given the most effort: encoders have limits of size for that. */
function encodeOptions({ plan }: Prepared, { factor }: Sample, quality: number): EncodeOptions {
  if (factor === 1) return { ...plan.encode, quality };
  const effort = plan.encode.effort === "max" ? "default" : plan.encode.effort;
  return { ...plan.encode, quality, effort, metadata: NO_METADATA };
}

function createProbe(
  prepared: Prepared,
  sample: Sample,
  picture: PictureInfo,
  pixels: Uint8Array,
  workspace: Workspace,
): Probe {
  const { plan, encoder } = prepared;
  let encodes = 0;

  async function encode(part: PictureInfo, options: EncodeOptions): Promise<number> {
    encodes++;
    let bytes = 0;
    const strips = stripsOf(pixels, part);
    for await (const chunk of encoder.encode({ ...part, strips }, options, workspace)) {
      bytes += chunk.length;
    }
    workspace.endPass(pixels);
    return bytes;
  }

  const options = encodeOptions(prepared, sample, plan.encode.quality);
  const metadataBytes = metadataBytesOf(plan.encode);
  return {
    exact: sample.factor === 1,
    pixels: plan.output.width * plan.output.height,
    async measure(quality) {
      const bytes = await encode(picture, encodeOptions(prepared, sample, quality));
      return sample.factor === 1 ? bytes : bytes * sample.factor + metadataBytes;
    },
    measureLeast: () =>
      encode({ ...picture, width: 1, height: 1 }, { ...options, metadata: plan.encode.metadata }),
    metadataBytes,
    encodes: () => encodes,
  };
}
