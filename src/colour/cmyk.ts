/** Inks to screen colours, by a kernel. */
import { CMYK_KERNEL_BYTES, startCmyk, type CmykToSrgb } from "../kernels/cmyk.ts";
import { ENGINE } from "../kernels/engine.ts";
import type { Workspace } from "../pipeline/memory.ts";
import { createCmykGrid } from "./cmyk-grid.ts";

/** What `startCmykToSrgb` takes: its share of the engine, and the grid while it is copied there. */
export const CMYK_BYTES = CMYK_KERNEL_BYTES + 512 * 1024;

/** @param icc null or unusable: coated offset printing is assumed */
export async function startCmykToSrgb(
  icc: Uint8Array | null,
  workspace: Workspace,
): Promise<CmykToSrgb> {
  const engine = await workspace.take(ENGINE, CMYK_KERNEL_BYTES);
  return startCmyk(engine, createCmykGrid(icc));
}
