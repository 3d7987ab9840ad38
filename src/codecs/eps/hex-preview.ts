/** The preview of an EPSI: gray pixels as hexadecimal comments of the program (Adobe 5002, 6). */
import { AppError } from "../../errors.ts";
import { chunks, type ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Source, type Strip } from "../../pipeline/picture.ts";

/** The preview follows the comments at the head. */
const HEAD_BYTES = 64 * 1024;
const START = /%%BeginPreview:\s*(\d{1,6})\s+(\d{1,6})\s+(\d{1,2})\b[^\r\n]*[\r\n]/;
const READ_BYTES = 64 * 1024;

interface Preview {
  width: number;
  height: number;
  /** Bits of a pixel, of which 0 is white and all set is black. */
  bits: number;
  /** Where the digits begin. */
  offset: number;
}

/**
 * @param program without a DOS header
 * @returns null where there is no preview
 * @throws AppError unsupported_feature, truncated_image
 */
export async function openHexPreview(program: ByteSource): Promise<Source | null> {
  const preview = await findPreview(program);
  if (!preview) return null;
  const { width, height, bits } = preview;
  if (![1, 2, 4, 8].includes(bits)) {
    throw new AppError("unsupported_feature", `The EPS's preview has ${bits} bits a pixel.`);
  }
  if (preview.offset + 2 * rowBytes(preview) * height > program.size) throw truncated();
  return {
    format: "eps",
    ...{ width, height, channels: 1, icc: null, depth: bits, orientation: 1 },
    metadata: { icc: null, exif: null, xmp: null },
    ...{ frames: 1, pages: 1, warnings: [], scales: [1] },
    memory: () => READ_BYTES + STRIP_ROWS * width,
    picture: (_plan, workspace) =>
      Promise.resolve({
        ...{ width, height, channels: 1, icc: null },
        strips: decode(program, preview, workspace),
      }),
  };
}

async function findPreview(program: ByteSource): Promise<Preview | null> {
  const head = new TextDecoder("latin1").decode(await program.read(0, HEAD_BYTES));
  const found = START.exec(head);
  if (!found) return null;
  const [width = 0, height = 0, bits = 0] = found.slice(1).map(Number);
  return { width, height, bits, offset: found.index + found[0].length };
}

const rowBytes = ({ width, bits }: Preview): number => Math.ceil((width * bits) / 8);

const truncated = (): AppError =>
  new AppError("truncated_image", "The EPS's preview ends too early.");

/** By character code: what a digit stands for, or one of these. */
const OTHER = 16;
const PERCENT = 17;
const VALUES = Uint8Array.from({ length: 256 }, (_, code) => {
  const digit = "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase());
  return code === 0x25 ? PERCENT : digit < 0 ? OTHER : digit;
});

async function* decode(
  program: ByteSource,
  preview: Preview,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { width, height, bits, offset } = preview;
  const row = rowBytes(preview) * 2;
  const pixelsOfDigit = Math.max(1, 4 / bits);
  const data = workspace.allocate(STRIP_ROWS * width);
  /** Digits of the row that is begun, and rows that are whole. */
  let digits = 0;
  let rows = 0;
  /** The high half of a pixel of 8 bits. */
  let high = 0;
  let last = OTHER;
  for await (const chunk of chunks(await program.stream(offset), READ_BYTES)) {
    for (let i = 0; i < chunk.length; i++) {
      const value = VALUES[chunk[i] as number] as number;
      // Two of them begin the comment behind the preview.
      if (value === PERCENT && last === PERCENT) throw truncated();
      last = value;
      if (value >= OTHER) continue;
      const start = (rows % STRIP_ROWS) * width;
      if (bits === 8) {
        if (digits % 2 === 0) high = value;
        else data[start + (digits >> 1)] = 255 - (high * 16 + value);
      } else {
        const most = 2 ** bits - 1;
        for (let part = 0, x = digits * pixelsOfDigit; part < pixelsOfDigit; part++, x++) {
          const level = (value >> (4 - bits * (part + 1))) & most;
          if (x < width) data[start + x] = 255 - (level * 255) / most;
        }
      }
      if (++digits < row) continue;
      digits = 0;
      rows++;
      if (rows % STRIP_ROWS !== 0 && rows < height) continue;
      const count = ((rows - 1) % STRIP_ROWS) + 1;
      yield { y: rows - count, rows: count, data: data.subarray(0, count * width) };
      if (rows === height) return;
    }
  }
  throw truncated();
}
