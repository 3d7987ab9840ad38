/** The api Worker: wiring only. */
import { renderProblem } from "../dialects/imagehq/errors.ts";
import { registerImageHq } from "../dialects/imagehq/routes.ts";
import { createApp } from "../http/app.ts";
import { registerService } from "../http/service.ts";
import type { ApiEnv, JobMessage } from "./env.ts";
import { handleDeadLetters, sweep } from "./upkeep.ts";

export { JobProgress } from "../objects/job-progress.ts";
export { RateLimit } from "../objects/rate-limit.ts";

const app = createApp(renderProblem);
registerImageHq(app);
registerService(app);

export default {
  fetch: app.fetch,
  queue: handleDeadLetters,
  scheduled: ({ scheduledTime }, env) => sweep(env, scheduledTime),
} satisfies ExportedHandler<ApiEnv, JobMessage>;
