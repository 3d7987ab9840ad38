/**
 * A Worker for tests that has no codec of its own: whatever it converts is decoded and encoded by
 * the formats lane. Never deployed.
 */
import type { LaneCodecs } from "../../src/codecs/codec.ts";
import { AppError, toAppError } from "../../src/errors.ts";
import { formatNames, isReadable, isWritable } from "../../src/find-format.ts";
import { remoteEncoder, remoteOpen } from "../../src/lanes/remote.ts";
import type { CodecService } from "../../src/lanes/wire.ts";
import { IMAGES_CODECS } from "../../src/lanes/images.ts";
import { PLANS } from "../../src/plans.ts";
import { deliver } from "../../src/pipeline/deliver.ts";
import { MemoryGate } from "../../src/pipeline/memory.ts";
import { OUTPUT_OPTIONS } from "../../src/pipeline/options.ts";
import type { Write } from "../../src/pipeline/write.ts";
import { fileStore } from "../../src/stores/files.ts";

interface Env {
  FORMATS: CodecService;
  FILES: R2Bucket;
}

const gate = new MemoryGate();

/** Which of its two sides a conversion leaves to the other lane. */
const SIDES = ["decode", "encode", "both"] as const;
type Side = (typeof SIDES)[number];

function codecsFor(service: CodecService, side: Side): LaneCodecs {
  const codecs = formatNames().map((name) => [
    name,
    {
      ...IMAGES_CODECS[name as keyof typeof IMAGES_CODECS],
      ...(side !== "encode" && isReadable(name) && { open: remoteOpen(service) }),
      ...(side !== "decode" && isWritable(name) && { encoder: remoteEncoder(service, name) }),
    },
  ]);
  return Object.fromEntries(codecs) as LaneCodecs;
}

export default {
  /** ?options={}&side=&stopAt=: file → file, stopped where its progress reaches `stopAt`. */
  async fetch(request, env) {
    const query = new URL(request.url).searchParams;
    const bytes = new Uint8Array(await request.arrayBuffer());
    try {
      const side = SIDES.find((name) => name === query.get("side")) ?? "both";
      const options = OUTPUT_OPTIONS.parse(JSON.parse(query.get("options") ?? "{}"));
      const stopAt = Number(query.get("stopAt") ?? 2);
      const context = {
        ...{ codecs: codecsFor(env.FORMATS, side), gate, ...PLANS.free },
        onProgress(fraction: number) {
          if (fraction >= stopAt) throw new AppError("canceled", "Stopped.");
        },
      };
      const files = fileStore(env.FILES);
      const key = crypto.randomUUID();
      await env.FILES.put(key, bytes);
      const file = await files.open(key);
      let parts: Uint8Array[] = [];
      const write: Write = async (chunks) => {
        parts = [];
        for await (const chunk of chunks) parts.push(chunk.slice());
        return { sizeBytes: parts.reduce((sum, part) => sum + part.length, 0) };
      };
      const made: object[] = [];
      const all: Uint8Array[] = [];
      for await (const output of deliver(file, options, context, write)) {
        made.push(output);
        all.push(...parts);
      }
      return new Response(new Blob(all as Uint8Array<ArrayBuffer>[]), {
        headers: { "x-lab": JSON.stringify(made) },
      });
    } catch (thrown) {
      const { code, publicMessage: message, details, traits } = toAppError(thrown);
      return Response.json({ code, message, details }, { status: traits.status });
    }
  },
} satisfies ExportedHandler<Env>;
