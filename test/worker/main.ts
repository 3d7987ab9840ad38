/** Entry of the Worker that worker tests run in. */
export { JobProgress } from "../../src/objects/job-progress.ts";
export { RateLimit } from "../../src/objects/rate-limit.ts";

export default {
  fetch: () => new Response("no routes", { status: 404 }),
} satisfies ExportedHandler;
