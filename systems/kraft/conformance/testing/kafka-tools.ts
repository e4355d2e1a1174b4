/**
 * Apache Kafka's own command-line tools, unmodified, all in one Java machine (`kafka-tools.java` says how).
 *
 *     const tools = startKafkaTools();
 *     await tools.run('org.apache.kafka.tools.TopicCommand', ['--list', '--bootstrap-server', bootstrap]);
 *     // { code: 0, printed: 'orders\n' }
 *     tools.stop();
 *
 * One command at a time. What tools say on standard error is dropped.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jarsDirectory, whyNoApacheKafka } from './apache-kafka.ts';
import { canRun } from './programs.ts';

const SOURCE = fileURLToPath(new URL('kafka-tools.java', import.meta.url));

/** Begins the line that ends what a tool printed; the exit code follows. */
const END = '\u0004';

const COMMAND_MAX_MS = 30_000;

/** Why they cannot run here; empty where they can. */
export function whyNoKafkaTools(): string {
  const why = whyNoApacheKafka();
  if (why !== '') return why;
  return canRun('javac', '-version') ? '' : 'no javac on the path: a JDK is needed';
}

export interface ToolAnswer {
  readonly code: number;
  readonly printed: string;
}

export interface KafkaTools {
  /**
   * @param input - lines for its standard input
   * @throws Error when it does not end in 30 s, or Java ends
   */
  run(className: string, parameters: readonly string[], input?: readonly string[]): Promise<ToolAnswer>;
  /** Writes JSON for a tool that wants a file. @returns its path */
  file(name: string, content: unknown): string;
  stop(): void;
}

export function startKafkaTools(): KafkaTools {
  const child = spawn('java', ['-XX:TieredStopAtLevel=1', '-cp', join(jarsDirectory(), '*'), SOURCE], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const directory = mkdtempSync(join(tmpdir(), 'kafka-tools-'));
  let printed = '';
  let answer: ((answer: ToolAnswer) => void) | null = null;
  let fail: ((error: Error) => void) | null = null;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    const at = printed.indexOf(END);
    const end = printed.indexOf('\n', at);
    if (at < 0 || end < 0) return;
    const whole = { code: Number(printed.slice(at + END.length, end)), printed: printed.slice(0, at) };
    printed = printed.slice(end + 1);
    answer?.(whole);
  });
  child.once('close', () => fail?.(new Error('Java has ended')));
  return {
    run: async (className, parameters, input = []) => {
      const words = [className, ...parameters, ...(input.length === 0 ? [] : ['', ...input])];
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise<ToolAnswer>((resolve, reject) => {
          [answer, fail] = [resolve, reject];
          timer = setTimeout(() => {
            reject(new Error(`${className} did not end in ${COMMAND_MAX_MS} ms`));
          }, COMMAND_MAX_MS);
          child.stdin.write(`${words.join('\t')}\n`);
        });
      } finally {
        clearTimeout(timer);
        [answer, fail] = [null, null];
      }
    },
    file: (name, content) => {
      const path = join(directory, name);
      writeFileSync(path, JSON.stringify(content));
      return path;
    },
    stop: () => {
      child.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
