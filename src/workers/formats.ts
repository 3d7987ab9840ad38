/** Consumer of the formats lane, and its codecs for the lanes above. Wiring only. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { FORMATS_CODECS } from "../lanes/formats.ts";
import { serveCodecs } from "../lanes/serve.ts";
import type { CodecService } from "../lanes/wire.ts";
import { MemoryGate } from "../pipeline/memory.ts";
import { fileStore } from "../stores/files.ts";
import { consumeJobs } from "./consume.ts";
import type { ConsumerEnv, JobMessage } from "./env.ts";

/** One an isolate. */
const gate = new MemoryGate();

/** What other lanes' bindings name as their entrypoint. */
export class FormatsCodecs extends WorkerEntrypoint<ConsumerEnv> implements CodecService {
  readonly #service = serveCodecs({
    codecs: FORMATS_CODECS,
    gate,
    openFile: ({ key, etag }) => fileStore(this.env.FILES).open(key, etag),
  });

  open(...request: Parameters<CodecService["open"]>): ReturnType<CodecService["open"]> {
    return this.#service.open(...request);
  }

  decode(...request: Parameters<CodecService["decode"]>): ReturnType<CodecService["decode"]> {
    return this.#service.decode(...request);
  }

  animate(...request: Parameters<CodecService["animate"]>): ReturnType<CodecService["animate"]> {
    return this.#service.animate(...request);
  }

  encode(...request: Parameters<CodecService["encode"]>): ReturnType<CodecService["encode"]> {
    return this.#service.encode(...request);
  }
}

export default {
  queue: (batch, env) => consumeJobs(batch, env, FORMATS_CODECS, gate),
} satisfies ExportedHandler<ConsumerEnv, JobMessage>;
