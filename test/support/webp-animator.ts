/** Puts WebP pictures together to animations; shares no code with the codec. */

export interface AnimatedPart {
  x: number;
  y: number;
  width: number;
  height: number;
  durationMs: number;
  blends: boolean;
  disposes: boolean;
  /** A WebP file of one picture. */
  file: Uint8Array;
}

export interface AnimationSpec {
  width: number;
  height: number;
  /** 0 is for ever. */
  plays: number;
  parts: readonly AnimatedPart[];
}

export function animateWebp({ width, height, plays, parts }: AnimationSpec): Buffer {
  const canvas = Buffer.alloc(10);
  canvas[0] = 0x12;
  canvas.writeUIntLE(width - 1, 4, 3);
  canvas.writeUIntLE(height - 1, 7, 3);
  const anim = Buffer.alloc(6);
  anim.writeUInt32LE(0x7f30_20ff);
  anim.writeUInt16LE(plays, 4);
  const frames = parts.map((part) => {
    const head = Buffer.alloc(16);
    head.writeUIntLE(part.x / 2, 0, 3);
    head.writeUIntLE(part.y / 2, 3, 3);
    head.writeUIntLE(part.width - 1, 6, 3);
    head.writeUIntLE(part.height - 1, 9, 3);
    head.writeUIntLE(part.durationMs, 12, 3);
    head[15] = (part.blends ? 0 : 2) | (part.disposes ? 1 : 0);
    return chunk("ANMF", Buffer.concat([head, pictureOf(Buffer.from(part.file))]));
  });
  const body = Buffer.concat([
    Buffer.from("WEBP"),
    chunk("VP8X", canvas),
    chunk("ANIM", anim),
    ...frames,
  ]);
  return chunk("RIFF", body);
}

/** The chunks with transparency and pixels. */
function pictureOf(file: Buffer): Buffer {
  const kept: Buffer[] = [];
  for (let at = 12; at < file.length;) {
    const end = at + 8 + file.readUInt32LE(at + 4);
    if (["ALPH", "VP8 ", "VP8L"].includes(file.toString("latin1", at, at + 4))) {
      kept.push(file.subarray(at, end + (end & 1)));
    }
    at = end + (end & 1);
  }
  return Buffer.concat(kept);
}

function chunk(name: string, data: Buffer): Buffer {
  const head = Buffer.from(`${name}....`);
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length & 1)]);
}
