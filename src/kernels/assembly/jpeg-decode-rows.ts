// One row of MCUs of a scan. Readers stop only between MCUs, so they go on exactly where they were.
import {
  AC_TABLE,
  AT,
  BLOCK,
  BLOCKS_HIGH,
  BLOCKS_WIDE,
  COEFFICIENT_STRIDE,
  COEFFICIENTS,
  COMPONENT_BYTES,
  COMPONENT_COUNT,
  COMPONENTS,
  DC_TABLE,
  DECODER,
  DONE,
  END,
  END_MCU,
  END_RUN,
  FIRST_MCU,
  FIRST_ROW,
  HORIZONTAL,
  INVALID,
  KIND,
  KIND_AC_FIRST,
  KIND_AC_REFINE,
  KIND_DC_FIRST,
  KIND_DC_REFINE,
  MARKER,
  MCU,
  MCU_BYTES,
  MCUS,
  NEEDS_MORE,
  NONZERO,
  ONES,
  ORDER,
  OUT_OF_STEP,
  PLANE,
  PLANE_STRIDE,
  PREVIOUS_DC,
  QUANTISATION,
  QUANTISATION_ZIGZAG,
  RECORD,
  RESTART_INTERVAL,
  RESTART_LEFT,
  RESTART_MARKER,
  RING_ROWS,
  SCAN_COMPONENT_BYTES,
  SCAN_COMPONENT_COUNT,
  SCAN_COMPONENTS,
  SIZE,
  TRUNCATED,
  VERTICAL,
} from "./jpeg-decode-layout";
import {
  readAcFirst,
  readAcRefinement,
  readBlock,
  readDcFirst,
  readDcRefinement,
} from "./jpeg-decode-block";
import { inverse } from "./jpeg-decode-inverse";
import { bitsLeft, clearWindow, fill } from "./jpeg-decode-window";

/** Makes sure that an MCU can be read, going past a restart marker if one is due. */
function prepare(reader: usize): i32 {
  const interval = load<i32>(reader, RESTART_INTERVAL);
  if (interval != 0 && load<i32>(reader, RESTART_LEFT) == 0) {
    const status = restart(reader);
    if (status != DONE) return status;
    store<i32>(reader, interval, RESTART_LEFT);
  }
  if (load<i32>(reader, AT) - load<i32>(reader, END) < MCU_BYTES && !load<i32>(reader, MARKER)) {
    fill(reader);
    if (load<i32>(reader, AT) - load<i32>(reader, END) < MCU_BYTES && !load<i32>(reader, MARKER)) {
      return NEEDS_MORE;
    }
  }
  store<i32>(reader, load<i32>(reader, RESTART_LEFT) - 1, RESTART_LEFT);
  return DONE;
}

function restart(reader: usize): i32 {
  if (bitsLeft(reader) < 8 && !load<i32>(reader, MARKER)) fill(reader);
  // Bytes before the marker: there the data went out of step.
  if (bitsLeft(reader) >= 8) return OUT_OF_STEP;
  const marker = load<i32>(reader, MARKER);
  if (marker == 0) return NEEDS_MORE;
  const due = load<i32>(reader, RESTART_MARKER);
  if (marker != due) return (marker & 0xf8) == 0xd0 ? OUT_OF_STEP : TRUNCATED;
  store<i32>(reader, 0xd0 | ((due + 1) & 7), RESTART_MARKER);
  store<i32>(reader, 0, END_RUN);
  for (let i = 0; i < load<i32>(reader, SCAN_COMPONENT_COUNT); i++) {
    store<i32>(reader + i * SCAN_COMPONENT_BYTES, 0, SCAN_COMPONENTS + PREVIOUS_DC);
  }
  clearWindow(reader);
  return DONE;
}

/** What a block's data that made no sense mean: they may have run out. */
@inline
function judge(reader: usize): i32 {
  return bitsLeft(reader) < 0 ? TRUNCATED : INVALID;
}

function planeAt(component: usize, row: i32): usize {
  const rows = load<i32>(component, VERTICAL) * load<i32>(component, SIZE);
  const first = (row * rows) % load<i32>(component, RING_ROWS);
  return load<u32>(component, PLANE) + first * load<i32>(component, PLANE_STRIDE);
}

/** Row of MCUs number `row` of a scan with all components: to samples, as far as they are wanted. */
export function jpegReadRow(reader: usize, row: i32): i32 {
  const decoder = <usize>load<u32>(reader, DECODER);
  const mcus = load<i32>(decoder, MCUS);
  const components = load<i32>(reader, SCAN_COMPONENT_COUNT);
  const block = decoder + BLOCK;
  const firstWanted = row < load<i32>(decoder, FIRST_ROW) ? mcus : load<i32>(decoder, FIRST_MCU);
  const endWanted = load<i32>(decoder, END_MCU);
  for (let mcu = load<i32>(reader, MCU); mcu < mcus; mcu++) {
    const wanted = mcu >= firstWanted && mcu < endWanted;
    const status = prepare(reader);
    if (status != DONE) {
      store<i32>(reader, mcu, MCU);
      return status;
    }
    for (let i = 0; i < components; i++) {
      const entry = reader + SCAN_COMPONENTS + i * SCAN_COMPONENT_BYTES;
      const component = <usize>load<u32>(entry, RECORD);
      const dcTable = <usize>load<u32>(entry, DC_TABLE);
      const acTable = <usize>load<u32>(entry, AC_TABLE);
      const horizontal = load<i32>(component, HORIZONTAL);
      const vertical = load<i32>(component, VERTICAL);
      const stride = load<i32>(component, PLANE_STRIDE);
      const size = load<i32>(component, SIZE);
      let target = planeAt(component, row) + mcu * horizontal * size;
      for (let v = 0; v < vertical; v++) {
        for (let h = 0; h < horizontal; h++) {
          if (wanted) clear(block);
          const last = readBlock(
            reader,
            entry,
            dcTable,
            acTable,
            block,
            decoder + ORDER,
            component + QUANTISATION_ZIGZAG,
          );
          if (last < 0) return judge(reader);
          if (wanted) inverse(decoder, block, last, size, target + h * size, stride);
        }
        target += size * stride;
      }
    }
    if (load<i32>(reader, MARKER) != 0 && bitsLeft(reader) < 0) return TRUNCATED;
  }
  store<i32>(reader, 0, MCU);
  return DONE;
}

@inline
function clear(block: usize): void {
  const zero = i64x2.splat(0);
  v128.store(block, zero);
  v128.store(block, zero, 16);
  v128.store(block, zero, 32);
  v128.store(block, zero, 48);
  v128.store(block, zero, 64);
  v128.store(block, zero, 80);
  v128.store(block, zero, 96);
  v128.store(block, zero, 112);
}

/** Row of MCUs number `row` of any scan: into the components' coefficients. */
export function jpegReadCoefficients(reader: usize, row: i32): i32 {
  const decoder = <usize>load<u32>(reader, DECODER);
  const components = load<i32>(reader, SCAN_COMPONENT_COUNT);
  // A scan of one component has its blocks row by row, and none beyond the picture.
  const alone = components == 1;
  const first = <usize>load<u32>(reader, SCAN_COMPONENTS + RECORD);
  const wide = load<i32>(first, BLOCKS_WIDE);
  const vertical = load<i32>(first, VERTICAL);
  const high = min(vertical, load<i32>(first, BLOCKS_HIGH) - row * vertical);
  const mcus = alone ? wide * high : load<i32>(decoder, MCUS);

  for (let mcu = load<i32>(reader, MCU); mcu < mcus; mcu++) {
    let status = prepare(reader);
    if (status == DONE) {
      status = alone
        ? readAny(reader, 0, mcu / wide, mcu % wide)
        : readInterleaved(reader, components, mcu);
      if (load<i32>(reader, MARKER) != 0 && bitsLeft(reader) < 0) status = TRUNCATED;
    }
    if (status != DONE) {
      store<i32>(reader, mcu, MCU);
      return status;
    }
  }
  store<i32>(reader, 0, MCU);
  return DONE;
}

function readInterleaved(reader: usize, components: i32, mcu: i32): i32 {
  for (let i = 0; i < components; i++) {
    const entry = reader + i * SCAN_COMPONENT_BYTES;
    const component = <usize>load<u32>(entry, SCAN_COMPONENTS + RECORD);
    const horizontal = load<i32>(component, HORIZONTAL);
    const vertical = load<i32>(component, VERTICAL);
    for (let v = 0; v < vertical; v++) {
      for (let h = 0; h < horizontal; h++) {
        const status = readAny(reader, i, v, mcu * horizontal + h);
        if (status != DONE) return status;
      }
    }
  }
  return DONE;
}

/** A block of the scan's component `index`, by its place in the row of MCUs. */
function readAny(reader: usize, index: i32, y: i32, x: i32): i32 {
  const decoder = <usize>load<u32>(reader, DECODER);
  const entry = reader + SCAN_COMPONENTS + index * SCAN_COMPONENT_BYTES;
  const component = <usize>load<u32>(entry, RECORD);
  const dcTable = <usize>load<u32>(entry, DC_TABLE);
  const acTable = <usize>load<u32>(entry, AC_TABLE);
  const place = y * load<i32>(component, COEFFICIENT_STRIDE) + x;
  const block = <usize>load<u32>(component, COEFFICIENTS) + (place << 7);
  const nonzero = <usize>load<u32>(component, NONZERO) + (place << 3);
  const order = decoder + ORDER;
  const kind = load<i32>(reader, KIND);
  let last = 0;
  if (kind == KIND_DC_FIRST) last = readDcFirst(reader, entry, dcTable, block);
  else if (kind == KIND_DC_REFINE) last = readDcRefinement(reader, block);
  else if (kind == KIND_AC_FIRST) last = readAcFirst(reader, acTable, block, order, nonzero);
  else if (kind == KIND_AC_REFINE) last = readAcRefinement(reader, acTable, block, order, nonzero);
  else {
    last = readBlock(reader, entry, dcTable, acTable, block, order, decoder + ONES);
  }
  return last < 0 ? judge(reader) : DONE;
}

/** Coefficients of row of MCUs `row`, complete now, to samples that are wanted; forgets them. */
export function jpegTransformRow(decoder: usize, row: i32): void {
  const block = decoder + BLOCK;
  const isWanted = row >= load<i32>(decoder, FIRST_ROW);
  const firstMcu = load<i32>(decoder, FIRST_MCU);
  const endMcu = load<i32>(decoder, END_MCU);
  for (let i = 0; i < load<i32>(decoder, COMPONENT_COUNT); i++) {
    const component = decoder + COMPONENTS + i * COMPONENT_BYTES;
    const horizontal = load<i32>(component, HORIZONTAL);
    const first = firstMcu * horizontal;
    const end = isWanted ? min(load<i32>(component, BLOCKS_WIDE), endMcu * horizontal) : 0;
    const vertical = load<i32>(component, VERTICAL);
    const high = min(vertical, load<i32>(component, BLOCKS_HIGH) - row * vertical);
    const blocksStride = load<i32>(component, COEFFICIENT_STRIDE);
    const stride = load<i32>(component, PLANE_STRIDE);
    const size = load<i32>(component, SIZE);
    const coefficients = <usize>load<u32>(component, COEFFICIENTS);
    let target = planeAt(component, row);
    for (let v = 0; v < high; v++) {
      let source = coefficients + ((v * blocksStride + first) << 7);
      for (let x = first; x < end; x++) {
        const last = dequantise(source, component + QUANTISATION, block);
        inverse(decoder, block, last, size, target + x * size, stride);
        source += 128;
      }
      target += size * stride;
    }
    memory.fill(coefficients, 0, (vertical * blocksStride) << 7);
    memory.fill(load<u32>(component, NONZERO), 0, (vertical * blocksStride) << 3);
  }
}

/** Returns a zigzag position that no coefficient is behind: 0, 9 or 63. */
@inline
function dequantise(source: usize, quantisation: usize, block: usize): i32 {
  const r0 = v128.load(source);
  const r1 = v128.load(source, 16);
  const r2 = v128.load(source, 32);
  const r3 = v128.load(source, 48);
  const r4 = v128.load(source, 64);
  const r5 = v128.load(source, 80);
  const r6 = v128.load(source, 96);
  const r7 = v128.load(source, 112);
  v128.store(block, i16x8.mul(r0, v128.load(quantisation)));
  v128.store(block, i16x8.mul(r1, v128.load(quantisation, 16)), 16);
  v128.store(block, i16x8.mul(r2, v128.load(quantisation, 32)), 32);
  v128.store(block, i16x8.mul(r3, v128.load(quantisation, 48)), 48);
  v128.store(block, i16x8.mul(r4, v128.load(quantisation, 64)), 64);
  v128.store(block, i16x8.mul(r5, v128.load(quantisation, 80)), 80);
  v128.store(block, i16x8.mul(r6, v128.load(quantisation, 96)), 96);
  v128.store(block, i16x8.mul(r7, v128.load(quantisation, 112)), 112);
  const low = v128.or(v128.or(r4, r5), v128.or(r6, r7));
  const rest = v128.or(r1, v128.or(r2, r3));
  const all = v128.or(low, v128.or(rest, v128.and(r0, i16x8(0, -1, -1, -1, -1, -1, -1, -1))));
  if (!v128.any_true(all)) return 0;
  const right = v128.and(v128.or(rest, r0), i16x8(0, 0, 0, 0, -1, -1, -1, -1));
  return v128.any_true(v128.or(low, right)) ? 63 : 9;
}
