/** The api Worker: wiring only. */
import { CONVERTORIO } from "../dialects/convertorio/dialect.ts";
import { IMAGEHQ } from "../dialects/imagehq/dialect.ts";
import { PICWISH } from "../dialects/picwish/dialect.ts";
import { SEGMIND } from "../dialects/segmind/dialect.ts";
import { createApp } from "../http/app.ts";
import { registerFiles } from "../http/files.ts";
import { registerService } from "../http/service.ts";
import { registerUploads } from "../http/uploads.ts";
import type { ApiEnv, JobMessage } from "./env.ts";
import { handleDeadLetters, sweep } from "./upkeep.ts";

export { JobProgress } from "../objects/job-progress.ts";
export { RateLimit } from "../objects/rate-limit.ts";

/** In the order in which they are asked whether a request is theirs; the last takes the rest. */
const app = createApp([CONVERTORIO, PICWISH, SEGMIND, IMAGEHQ]);
registerFiles(app);
registerUploads(app);
registerService(app);

export default {
  fetch: app.fetch,
  queue: handleDeadLetters,
  scheduled: ({ scheduledTime }, env) => sweep(env, scheduledTime),
} satisfies ExportedHandler<ApiEnv, JobMessage>;
