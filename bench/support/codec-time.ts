/** The time of a conversion by itself: what remains when the service around it is taken away. */
import { median, startBench } from "./client.ts";

/**
 * @param options as in pipeline/options.ts
 * @returns the median over `rounds`, in milliseconds, inside workerd
 */
export async function timeCodec(
  photo: Uint8Array,
  options: object,
  rounds: number,
): Promise<number> {
  const bench = await startBench();
  try {
    await bench.load("photo", photo);
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      times.push((await bench.time("pixmill", "photo", options)).ms);
    }
    return median(times);
  } finally {
    await bench.close();
  }
}
