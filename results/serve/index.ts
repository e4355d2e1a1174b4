/** The server of all runs (docs/serve.md). */
export { isLoopback } from './hosts.ts';
export { startServer } from './server.ts';
