/** The server of all runs (docs/serve.md). */
export { isLoopback } from './hosts.ts';
export { counted } from './page.ts';
export { startServer } from './server.ts';
