/** Lossless JPEGs (ITU-T T.81, process 14), as raw files have them, for tests. */

export interface LosslessSpec {
  /** Of the JPEG; with several components each has so many columns. */
  width: number;
  height: number;
  components: number;
  /** Bits a sample. */
  precision: number;
  /** 1 to 7. */
  predictor: number;
  /** Rows between restart markers; without it there are none. */
  restartRows?: number;
  /** Samples, of a pixel side by side. */
  values: ArrayLike<number>;
}

const CATEGORIES = 17;
/** All of them have codes of this length. */
const CODE_BITS = 5;

export function writeLosslessJpeg(spec: LosslessSpec): Buffer {
  const { width, height, components, precision, predictor, restartRows = 0 } = spec;
  const ids = Array.from({ length: components }, (_, c) => c + 1);
  const lengths = Array.from({ length: 16 }, (_, i) => (i + 1 === CODE_BITS ? CATEGORIES : 0));
  const head = [
    ...[0xff, 0xd8],
    ...marker(0xc4, [0, ...lengths, ...Array.from({ length: CATEGORIES }, (_, i) => i)]),
    ...marker(0xc3, [
      ...[precision, ...twoBytes(height), ...twoBytes(width), components],
      ...ids.flatMap((id) => [id, 0x11, 0]),
    ]),
    ...(restartRows > 0 ? marker(0xdd, twoBytes(restartRows * width)) : []),
    ...marker(0xda, [components, ...ids.flatMap((id) => [id, 0]), predictor, 0, 0]),
  ];
  return Buffer.concat([Buffer.from(head), writeScan(spec), Buffer.from([0xff, 0xd9])]);
}

const twoBytes = (value: number): number[] => [value >> 8, value & 255];
const marker = (code: number, content: number[]): number[] => [
  ...[0xff, code, ...twoBytes(content.length + 2)],
  ...content,
];

function writeScan(spec: LosslessSpec): Buffer {
  const { width, height, components, precision, predictor, restartRows = 0, values } = spec;
  const out = Buffer.alloc(values.length * 6 + 1024);
  let [at, word, bits] = [0, 0, 0];
  const putByte = (byte: number) => {
    out[at++] = byte;
    if (byte === 0xff) out[at++] = 0;
  };
  const put = (value: number, count: number) => {
    for (let i = count - 1; i >= 0; i--) {
      word = (word << 1) | ((value >> i) & 1);
      if (++bits === 8) {
        putByte(word);
        [word, bits] = [0, 0];
      }
    }
  };
  const flush = () => {
    put(0xff, (8 - bits) % 8);
  };
  const rowSamples = width * components;
  const sample = (row: number, i: number) => values[row * rowSamples + i] ?? 0;
  for (let row = 0; row < height; row++) {
    const isRestart = restartRows > 0 && row > 0 && row % restartRows === 0;
    if (isRestart) {
      flush();
      out[at++] = 0xff;
      out[at++] = 0xd0 + ((row / restartRows - 1) & 7);
    }
    const isFirst = row === 0 || isRestart;
    for (let i = 0; i < rowSamples; i++) {
      const isLeft = i < components;
      const left = isLeft ? 0 : sample(row, i - components);
      const above = isFirst ? 0 : sample(row - 1, i);
      const corner = isFirst || isLeft ? 0 : sample(row - 1, i - components);
      const half = 1 << (precision - 1);
      const guess = isFirst
        ? isLeft
          ? half
          : left
        : isLeft
          ? above
          : predict(predictor, left, above, corner);
      const difference = ((sample(row, i) - guess) << 16) >> 16;
      const category = difference === -32_768 ? 16 : 32 - Math.clz32(Math.abs(difference));
      put(category, CODE_BITS);
      if (category < 16) put(difference < 0 ? difference - 1 : difference, category);
    }
  }
  flush();
  return out.subarray(0, at);
}

/** Table H.1. */
function predict(kind: number, left: number, above: number, corner: number): number {
  const guesses = [
    0,
    left,
    above,
    corner,
    left + above - corner,
    left + ((above - corner) >> 1),
    above + ((left - corner) >> 1),
    (left + above) >> 1,
  ];
  return guesses[kind] ?? 0;
}
