/**
 * Runs one node on the real runtime until a signal ends it, or it ends itself.
 *
 *     const exitCode = await runServer({ config: 'server.properties', overrides: [], bugs: [], onStarted, onCrash });
 *
 * A signal begins a controlled shutdown, which has `SHUTDOWN_TIMEOUT_MS`; a second one ends the process at once.
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { LogLevel } from '../../runtime/runtime.ts';
import { createRealRuntime } from '../../runtime/real/real-runtime.ts';
import { startKraftNode } from '../node/kraft-node.ts';
import { checkLogDir } from '../node/meta-properties.ts';
import type { MetaProperties } from '../node/meta-properties.ts';
import type { PropertyValues } from '../node/property-table.ts';
import { dataDirectory, readConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import { metaPropertiesText } from './format-storage.ts';
import { checkPorts, listenHosts } from './listen-addresses.ts';
import { announceServer } from './running-servers.ts';
import { takeLock } from './server-lock.ts';
import { fromRuntime, logLine } from './server-log.ts';
import { onFirstSignal } from './signals.ts';

/** A node that has not handed over by then is ended all the same. */
const SHUTDOWN_TIMEOUT_MS = 30_000;
/** To close files and sockets in. */
const CLOSE_TIMEOUT_MS = 5_000;
/**
 * By how much the heap and the buffers outside of it grow until the engine collects all of it. What it chooses itself is too little
 * where a small heap sees many buffers go by: at 25 MB/s in it collected twice a second, and nothing was answered for 30 ms each time.
 */
const HEAP_GROWING_PERCENT = 300;

export interface ServerRequest {
  /** The path of `server.properties`. */
  readonly config: string;
  /** `key=value` each. */
  readonly overrides: readonly string[];
  readonly bugs: readonly string[];
  /** The node has read its disk, and runs. */
  readonly onStarted: () => void;
  /** It ends because of that, before or after `onStarted`. The log has it already. */
  readonly onCrash: (reason: string) => void;
}

export interface ServerPlan {
  readonly values: PropertyValues;
  readonly warnings: readonly string[];
  readonly directory: string;
  readonly meta: MetaProperties;
  readonly hosts: Readonly<Record<number, string>>;
}

/** What can be known before anything is touched. @throws HarnessError in one line, or one for each wrong property */
export function planServer(config: string, overrides: readonly string[]): ServerPlan {
  const warnings: string[] = [];
  const values = readConfiguration(config, overrides, (warning) => warnings.push(warning));
  const directory = dataDirectory(values, config);
  const text = metaPropertiesText(directory);
  const meta = checkLogDir({
    directory,
    text,
    nodeId: values['node.id'],
    clusterId: null,
    configFile: config,
  });
  return { values, warnings, directory, meta, hosts: listenHosts(values, config) };
}

/** Resolves with the exit code. @throws HarnessError when it could not start */
export async function runServer(request: ServerRequest): Promise<number> {
  const { config, overrides, bugs, onStarted, onCrash } = request;
  const { values, warnings, directory, meta, hosts } = planServer(config, overrides);
  const lock = takeLock(directory);
  try {
    await checkPorts(values, config);
  } catch (error) {
    lock.release();
    throw error;
  }
  const entry = announceServer({
    nodeId: values['node.id'],
    roles: values['process.roles'],
    config: resolve(config),
  });
  const leave = (): void => {
    entry.withdraw();
    lock.release();
  };
  process.once('exit', leave);
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
  return new Promise((resolveWith) => {
    const finish = (exitCode: number): void => {
      // Something that still holds the process holds it no longer than this.
      setTimeout(() => process.exit(exitCode), CLOSE_TIMEOUT_MS).unref();
      resolveWith(exitCode);
    };
    const runtime = createRealRuntime({
      // What a listener without a host is advertised by.
      name: hostname(),
      dataDirectory: directory,
      listenHosts: hosts,
      writeLog: (line) => {
        const { level, message } = fromRuntime(line);
        log(level, message);
      },
      onCrash: (reason) => {
        onCrash(reason);
        finish(EXIT.harness);
      },
    });
    process.on('uncaughtException', (thrown) => runtime.crash(describe(thrown)));
    process.on('unhandledRejection', (thrown) => runtime.crash(describe(thrown)));
    for (const warning of warnings) log('warn', warning);
    const what = `node ${meta.nodeId} of cluster ${meta.clusterId}`;
    const at = values.listeners.map(({ name, host, port }) => `${name}://${host}:${port}`).join(', ');
    log('info', `${what}: ${values['process.roles'].join(' and ')}, directory ${directory}, listeners ${at}`);
    const node = startKraftNode(runtime, {
      properties: values,
      clusterId: meta.clusterId,
      directoryId: meta.directoryId,
      bugs,
    });
    void node.recovered.then(() => {
      log('info', `node ${meta.nodeId} is started (pid ${process.pid})`);
      onStarted();
    });
    onFirstSignal((signal) => {
      log('info', `${signal}: node ${meta.nodeId} shuts down`);
      void within(SHUTDOWN_TIMEOUT_MS, node.shutdown())
        .then((isDone) => {
          if (!isDone) log('warn', `it has not shut down within ${SHUTDOWN_TIMEOUT_MS} ms: it ends now`);
          return within(CLOSE_TIMEOUT_MS, runtime.close());
        })
        .then(() => {
          log('info', `node ${meta.nodeId} is stopped`);
          finish(EXIT.valid);
        })
        .catch((thrown: unknown) => {
          log('error', `it could not shut down: ${describe(thrown)}`);
          finish(EXIT.harness);
        });
    });
  });
}

function log(level: LogLevel, message: string): void {
  process.stdout.write(`${logLine(new Date(), level, message)}\n`);
}

/** Whether it was done in time; what it throws is thrown. */
function within(timeoutMs: number, work: Promise<void>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timeout = setTimeout(() => resolve(false), timeoutMs);
    work.then(() => resolve(true), reject).finally(() => clearTimeout(timeout));
  });
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}
