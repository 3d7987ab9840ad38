/**
 * PDFium as @hyzyla/pdfium 2.1.13 compiles it (without V8 and XFA: it runs no script), without that
 * package's JavaScript. What it imports from its surroundings is answered here: there is no file
 * system, no clock, no environment, and memory grows up to what the job has planned.
 */
import pdfiumModule from "../compiled/pdfium.wasm";
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { InstanceKind } from "../../pipeline/memory.ts";
import { discardOutput, resizeHeap } from "../emscripten-hooks.ts";
import { StepLimit, type MeteredExports } from "../step-limit.ts";
import { WasmInstance } from "../wasm.ts";

/** The functions that are called, of PDFium's public API (fpdfview.h); pointers are numbers. */
export interface PdfiumExports {
  malloc(bytes: number): number;
  free(pointer: number): void;
  FPDF_LoadMemDocument(data: number, bytes: number, password: number): number;
  FPDF_CloseDocument(document: number): void;
  FPDF_GetLastError(): number;
  FPDF_GetPageCount(document: number): number;
  /** Writes two floats, in points, the page upright. @returns 0 where there is no such page */
  FPDF_GetPageSizeByIndexF(document: number, index: number, size: number): number;
  FPDF_LoadPage(document: number, index: number): number;
  FPDF_ClosePage(page: number): void;
  FPDFBitmap_CreateEx(
    width: number,
    height: number,
    format: number,
    pixels: number,
    stride: number,
  ): number;
  FPDFBitmap_FillRect(
    bitmap: number,
    left: number,
    top: number,
    width: number,
    height: number,
    argb: number,
  ): void;
  FPDFBitmap_Destroy(bitmap: number): void;
  /** Draws the whole page to a rectangle of the bitmap's coordinates, of which it may cover a part. */
  FPDF_RenderPageBitmap(
    bitmap: number,
    page: number,
    left: number,
    top: number,
    width: number,
    height: number,
    rotate: number,
    flags: number,
  ): void;
  /** @param info what a viewer would be called back by: a version and nothing else */
  FPDFDOC_InitFormFillEnvironment(document: number, info: number): number;
  /** The same for the fields of forms. */
  FPDF_FFLDraw(
    form: number,
    bitmap: number,
    page: number,
    left: number,
    top: number,
    width: number,
    height: number,
    rotate: number,
    flags: number,
  ): void;
}

/** What the build exports beside the API. */
interface RuntimeExports extends MeteredExports {
  memory: WebAssembly.Memory;
  __indirect_function_table: WebAssembly.Table;
  __wasm_call_ctors(): void;
  FPDF_InitLibrary(): void;
  setThrew(threw: number, value: number): void;
  emscripten_stack_get_current(): number;
  _emscripten_stack_restore(pointer: number): void;
}

export const PDFIUM: InstanceKind<Pdfium> = { name: "pdfium", create: () => instantiate() };

/** Memory of an instance that has opened nothing. */
export const PDFIUM_BASE_BYTES = 284 * 65_536;

const GROWTH_BYTES = 2 * MIB;

interface MemoryLimit {
  bytes: number;
  refused: boolean;
}

export class Pdfium extends WasmInstance<PdfiumExports> {
  readonly #runtime: RuntimeExports;
  readonly #limit: MemoryLimit;
  readonly #steps: StepLimit;
  readonly #stack: number;
  readonly survivesFailure = true;

  constructor(exports: PdfiumExports & RuntimeExports, limit: MemoryLimit, steps: StepLimit) {
    super(exports, exports.memory);
    this.#runtime = exports;
    this.#limit = limit;
    this.#steps = steps;
    this.#stack = exports.emscripten_stack_get_current();
  }

  override wipe(): void {
    super.wipe();
    this.#steps.lift();
    // What traps leaves it where it was.
    this.#runtime._emscripten_stack_restore(this.#stack);
  }

  /** Lets the memory grow up to `limitBytes`, and it work for `steps`, from now on. */
  begin(limitBytes: number, steps: number): void {
    this.#limit.bytes = limitBytes;
    this.#limit.refused = false;
    this.#steps.allow(steps);
  }

  /** @throws AppError memory_limit */
  allocate(bytes: number): number {
    const pointer = this.api.malloc(bytes) >>> 0;
    if (pointer === 0) throw this.outOfMemory();
    return pointer;
  }

  /**
   * Runs `work`, which calls PDFium.
   * @throws AppError memory_limit where it wanted more than the limit: PDFium goes on without what
   *   did not fit, or crashes; too_complex
   */
  guard<T>(work: () => T): T {
    let result: T;
    try {
      result = work();
    } catch (thrown) {
      if (this.#limit.refused) throw this.outOfMemory();
      throw this.#steps.explain(thrown);
    }
    if (this.#limit.refused) throw this.outOfMemory();
    return result;
  }

  outOfMemory(): AppError {
    const { bytes } = this.#limit;
    return new AppError(
      "memory_limit",
      `This page needs more than the ${Math.ceil(bytes / MIB)} MiB of memory that there are for drawing it.`,
      { limit: "page_memory", limit_bytes: bytes },
    );
  }
}

/** What longjmp throws, for the `invoke` of its setjmp to catch. */
const LONGJMP = new Error("longjmp");

/** Emscripten's "not supported", negative as system calls return it. */
const ENOSYS = -52;

type Imported = (...args: number[]) => number | void;

function instantiate(): Pdfium {
  const limit: MemoryLimit = { bytes: Infinity, refused: false };
  const invoke: Imported = (index = 0, ...args) => {
    const stack = runtime.emscripten_stack_get_current();
    try {
      return (runtime.__indirect_function_table.get(index) as Imported)(...args);
    } catch (thrown) {
      runtime._emscripten_stack_restore(stack);
      if (thrown !== LONGJMP) throw thrown;
      runtime.setThrew(1, 0);
    }
  };
  const own: Record<string, Imported> = {
    _emscripten_throw_longjmp: () => {
      throw LONGJMP;
    },
    _abort_js: () => {
      throw new WebAssembly.RuntimeError("PDFium gave up");
    },
    emscripten_resize_heap: (requested = 0) => {
      const grown = resizeHeap(runtime.memory, requested, limit.bytes, GROWTH_BYTES);
      if (!grown) limit.refused = true;
      return grown;
    },
    emscripten_date_now: () => 0,
    environ_get: () => 0,
    environ_sizes_get: (count = 0, bytes = 0) => {
      const view = new DataView(runtime.memory.buffer);
      view.setUint32(count, 0, true);
      view.setUint32(bytes, 0, true);
      return 0;
    },
    // Whatever it would print is dropped.
    fd_write: (_file, vectors = 0, count = 0, written = 0) =>
      discardOutput(runtime.memory, vectors, count, written),
  };
  const imports: Record<string, Record<string, Imported>> = {};
  for (const { module, name } of WebAssembly.Module.imports(pdfiumModule)) {
    const known = name.startsWith("invoke_") ? invoke : own[name];
    (imports[module] ??= {})[name] = known ?? (() => ENOSYS);
  }
  const { exports } = new WebAssembly.Instance(pdfiumModule, imports);
  const runtime = exports as unknown as PdfiumExports & RuntimeExports;
  const steps = new StepLimit(runtime, "The page");
  runtime.__wasm_call_ctors();
  runtime.FPDF_InitLibrary();
  return new Pdfium(runtime, limit, steps);
}
