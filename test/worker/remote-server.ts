/** Started in Node, because workerd cannot listen: the server that remote.test.ts fetches from. */
import type { TestProject } from "vitest/node";
import { startRemoteServer } from "../support/remote-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    remoteServerUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startRemoteServer();
  project.provide("remoteServerUrl", server.url);
  return () => server.close();
}
