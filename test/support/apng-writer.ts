/** Puts pictures together to animated PNGs; shares no code with the codec. */
import { writePng, type PngSpec } from "./png-writer.ts";

export interface ApngFrame extends PngSpec {
  x: number;
  y: number;
  /** Of a second. */
  delay: readonly [number, number];
  /** 0 stays, 1 is cleared, 2 is as before. */
  disposal: 0 | 1 | 2;
  blends: boolean;
}

export interface ApngSpec {
  /** All of one kind; the first is the canvas. */
  frames: readonly ApngFrame[];
  /** 0 is for ever. */
  plays: number;
  /** Shown by programs that know no animations, and none of the frames. */
  still?: PngSpec;
  /** As the file says, where that is not so. */
  count?: number;
  /** Data of a chunk at most. */
  chunkBytes?: number;
}

export function writeApng({ frames, plays, still, count, chunkBytes = 500 }: ApngSpec): Buffer {
  let sequence = 0;
  const control = (frame: ApngFrame): [string, Buffer] => {
    const data = Buffer.alloc(26);
    [sequence++, frame.width, frame.height, frame.x, frame.y].forEach((value, i) =>
      data.writeUInt32BE(value, 4 * i),
    );
    data.writeUInt16BE(frame.delay[0], 20);
    data.writeUInt16BE(frame.delay[1], 22);
    data.set([frame.disposal, frame.blends ? 1 : 0], 24);
    return ["fcTL", data];
  };
  const number = Buffer.alloc(8);
  number.writeUInt32BE(count ?? frames.length);
  number.writeUInt32BE(plays, 4);
  const [first, ...others] = frames as [ApngFrame, ...ApngFrame[]];
  const before: [string, Buffer][] = [["acTL", number], ...(still ? [] : [control(first)])];
  const after = (still ? frames : others).flatMap((frame): [string, Buffer][] => [
    control(frame),
    ...imageData({ ...frame, idatBytes: chunkBytes }).map((data): [string, Buffer] => {
      const sequenced = Buffer.alloc(4 + data.length, 0);
      sequenced.writeUInt32BE(sequence++);
      sequenced.set(data, 4);
      return ["fdAT", sequenced];
    }),
  ]);
  return writePng({ ...(still ?? first), idatBytes: chunkBytes, before, after });
}

function imageData(spec: PngSpec): Buffer[] {
  const file = writePng(spec);
  const found: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    const end = at + 8 + file.readUInt32BE(at);
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") found.push(file.subarray(at + 8, end));
  }
  return found;
}
