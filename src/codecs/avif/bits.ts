/** Reads bits, the highest of a byte first; behind the end there are zeros. */
export function createBitReader(bytes: Uint8Array) {
  let position = 0;
  const bit = (): number => {
    const value = ((bytes[position >> 3] ?? 0) >> (7 - (position & 7))) & 1;
    position++;
    return value;
  };
  /** An unsigned number of up to 32 bits. */
  const bits = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + bit();
    return value;
  };
  return { bit, bits, flag: (): boolean => bit() === 1 };
}

export type BitReader = ReturnType<typeof createBitReader>;
