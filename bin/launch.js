// Starts a command with a Node.js that can: this one if it is new enough, else the one among our own
// dependencies. Plain JavaScript of an old dialect, because an old Node.js has to be able to read it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST_NODE_MAJOR = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A checkout runs its sources, the published package has only what was built from them: `module` has no extension. */
export async function launch(name, module) {
  const source = join(root, `${module}.ts`);
  const main = existsSync(source) ? source : join(root, 'dist', `${module}.js`);
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE_MAJOR) {
    await import(pathToFileURL(main).href);
    return;
  }
  const bundled = join(root, 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(bundled)) {
    console.error(
      `${name}: needs Node.js ${OLDEST_NODE_MAJOR} or newer, and this is ${process.version}: install it, or run npm ci here`,
    );
    process.exit(70);
  }
  const child = spawn(bundled, [main, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // Ctrl-C reaches the child from the terminal, too: it takes two at once for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
