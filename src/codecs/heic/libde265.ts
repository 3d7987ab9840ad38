/**
 * libde265, an HEVC decoder, as libheif-js 1.23.2 compiles it within libheif. That exports libde265's
 * own functions, too: they take NAL units and give planes, without libheif's copies of the picture.
 */
import libheifModule from "libheif-js/libheif-wasm/libheif.wasm";
import type { Plane, Planes } from "../../kernels/planar.ts";
import type { InstanceKind } from "../../pipeline/memory.ts";
import { resizeHeap } from "../emscripten-hooks.ts";
import type { CodingColour } from "../isobmff/properties.ts";
import { WasmInstance } from "../wasm.ts";

/** de265.h, with pointers as numbers, by the names that the build gave. */
const NAMES = {
  memory: "Q",
  construct: "R",
  malloc: "Na",
  free: "Z",
  newDecoder: "Ci",
  init: "Fi",
  freeDecoder: "Hi",
  pushNal: "Ii",
  flushData: "Ji",
  decode: "Ki",
  getNextPicture: "Li",
  getChromaFormat: "Ni",
  getImageWidth: "Oi",
  getImageHeight: "Pi",
  getBitsPerPixel: "Qi",
  getImagePlane: "Ri",
  getColourPrimaries: "Si",
  getTransferCharacteristics: "Ti",
  getMatrixCoefficients: "Ui",
  getFullRangeFlag: "Vi",
} as const;

type Name = keyof typeof NAMES;
type De265 = Record<Exclude<Name, "memory">, (...args: number[]) => number>;

export class Libde265 extends WasmInstance<De265> {
  /** What the memory may grow to, in bytes. */
  limitBytes = Infinity;

  override wipe(): void {
    super.wipe();
    this.limitBytes = Infinity;
  }
}

export const LIBDE265: InstanceKind<Libde265> = { name: "libde265", create: instantiate };

/** The package's glue takes workerd for Node; what libde265 needs of it is served here. */
function instantiate(): Libde265 {
  const imports: Record<string, (...args: number[]) => number | void> = {};
  for (const { name } of WebAssembly.Module.imports(libheifModule)) imports[name] = () => 0;
  // Constructors may ask for memory before there is an instance.
  const made: { instance?: Libde265 } = {};
  const fail = (): never => {
    throw new Error("libde265 gave up");
  };
  Object.assign(imports, {
    // abort, and exceptions
    C: fail,
    k: fail,
    // memcpy for long stretches
    I: (to = 0, from = 0, bytes = 0) =>
      void new Uint8Array(memory.buffer).copyWithin(to, from, from + bytes),
    D: (requested = 0) => resizeHeap(memory, requested, made.instance?.limitBytes ?? Infinity),
  });
  const { exports } = new WebAssembly.Instance(libheifModule, { a: imports });
  const memory = exports[NAMES.memory] as WebAssembly.Memory;
  const functions = Object.entries(NAMES).map(([name, built]) => [name, exports[built]]);
  const api = Object.fromEntries(functions) as De265;
  api.construct();
  api.init();
  made.instance = new Libde265(api, memory);
  return made.instance;
}

const MONO = 0;
const CHROMA_420 = 1;
const CHROMA_444 = 3;
/** The most rounds in which a picture must be there. */
const MAX_ROUNDS = 10_000;

export interface DecodedPicture {
  planes: Planes;
  coding: CodingColour;
  /** Ends the validity of the planes. */
  free(): void;
}

/**
 * Decodes the first picture of the NAL units.
 * @returns null where the data are damaged, or need more memory than the instance may have
 */
export function decodePicture(
  instance: Libde265,
  units: Iterable<Uint8Array>,
): DecodedPicture | null {
  const { api } = instance;
  const decoder = api.newDecoder();
  const word = api.malloc(4);
  const free = (): void => {
    api.free(word);
    api.freeDecoder(decoder);
  };
  for (const unit of units) {
    const pointer = api.malloc(unit.length);
    if (pointer === 0) return null;
    instance.heap.set(unit, pointer);
    // It makes a copy.
    api.pushNal(decoder, pointer, unit.length, 0, 0, 0);
    api.free(pointer);
  }
  api.flushData(decoder);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const status = api.decode(decoder, word);
    const picture = api.getNextPicture(decoder);
    if (picture !== 0) return describe(instance, picture, word, free);
    const more = instance.heap[word] !== 0;
    if (status !== 0 || !more) break;
  }
  free();
  return null;
}

function describe(
  instance: Libde265,
  picture: number,
  word: number,
  free: () => void,
): DecodedPicture {
  const { api } = instance;
  const plane = (channel: number): Plane => {
    const offset = api.getImagePlane(picture, channel, word);
    return { offset, stride: new DataView(instance.memory.buffer).getInt32(word, true) };
  };
  const format = api.getChromaFormat(picture);
  const chroma = () => ({
    ...{ cb: plane(1), cr: plane(2) },
    halfColumns: format !== CHROMA_444,
    halfRows: format === CHROMA_420,
  });
  const planes: Planes = {
    width: api.getImageWidth(picture, 0),
    height: api.getImageHeight(picture, 0),
    bits: api.getBitsPerPixel(picture, 0),
    luma: plane(0),
    chroma: format === MONO ? null : chroma(),
    heap: instance.heap,
  };
  const coding: CodingColour = {
    primaries: api.getColourPrimaries(picture),
    transfer: api.getTransferCharacteristics(picture),
    matrix: api.getMatrixCoefficients(picture),
    fullRange: api.getFullRangeFlag(picture) !== 0,
  };
  return { planes, coding, free };
}
