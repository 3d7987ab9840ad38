/** In Node; test/worker/remote.test.ts proves the same inside workerd. */
import { afterAll, beforeAll } from "vitest";
import { describeOpenRemote } from "../../test/support/remote-suite.ts";
import { describeDohResolver } from "../../test/support/resolve-suite.ts";
import { startRemoteServer, type RemoteServer } from "../../test/support/remote-server.ts";

let server: RemoteServer;
beforeAll(async () => {
  server = await startRemoteServer();
});
afterAll(() => server.close());

describeOpenRemote(() => server.url);
describeDohResolver(() => server.url);
