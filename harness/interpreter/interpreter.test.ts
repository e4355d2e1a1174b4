import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as combinators from '../generator/index.ts';
import type { GeneratorLike } from '../generator/index.ts';
import { runTranscript, type TranscriptBlock } from '../generator/transcript.ts';
import type { Operation } from '../history/operation.ts';
import { msToNs, nsToMs } from '../units.ts';
import { interpret, type Interrupt } from './interpreter.ts';
import { ScriptedClient, scriptedNemesis } from './testing/scripted.ts';
import { VirtualClock } from './testing/virtual-clock.ts';

function describeOperation(operation: Operation): string {
  const { index, time, process, type, f, key, value, node, error, position } = operation;
  const words = [
    f,
    key,
    value === null ? undefined : JSON.stringify(value),
    node === undefined ? undefined : `on ${node}`,
    position === undefined ? undefined : `at ${JSON.stringify(position)}`,
    error === undefined
      ? undefined
      : `(${error.code}${error.message === undefined ? '' : `: ${error.message}`})`,
  ].filter((word) => word !== undefined);
  const shown = `${Number(nsToMs(time).toFixed(3))}`;
  return `${String(index).padStart(3)} ${shown.padStart(7)}  ${String(process).padEnd(8)} ${type.padEnd(6)} ${words.join(' ')}`;
}

function evaluate(expression: string, scope: Readonly<Record<string, unknown>>): GeneratorLike {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- transcripts are ours, and are TypeScript expressions
  const compiled = new Function(...Object.keys(scope), `return (${expression});`) as (
    ...words: unknown[]
  ) => unknown;
  return compiled(...Object.values(scope)) as GeneratorLike;
}

/** Prints the history, and what the interpreter does with clients in between. */
async function run({ command, options, body }: TranscriptBlock): Promise<string> {
  const clock = new VirtualClock();
  const own = clock.counted();
  const lines: string[] = [];
  const note = (text: string): void =>
    void lines.push(`    ${String(nsToMs(clock.now())).padStart(7)}  ${text}`);
  const milliseconds = (name: string, absent: number): number => msToNs(Number(options[name] ?? absent));

  let interrupt: Interrupt | undefined;
  if (options['interrupt'] !== undefined) {
    let requested = false;
    const callbacks: (() => void)[] = [];
    clock.setTimer(milliseconds('interrupt', 0), () => {
      requested = true;
      note('interrupt');
      for (const callback of callbacks) callback();
    });
    interrupt = {
      get requested() {
        return requested;
      },
      onRequest: (callback) => void callbacks.push(callback),
    };
  }

  let refusals = Number(options['refusals'] ?? 0);
  const openMs = Number(options['open'] ?? 0);
  try {
    const { interrupted, continuation } = await clock.run(
      interpret({
        clock: own,
        generator: evaluate(body, { ...combinators, write: note }),
        openClient: async (node, clientId) => {
          note(`opening client ${clientId} on ${node}`);
          if (openMs > 0) await clock.sleep(msToNs(openMs));
          if (refusals-- > 0) throw new Error('connection refused');
          return new ScriptedClient(clock, () => note(`closed client ${clientId}`));
        },
        nemesis:
          options['nemesis'] === 'none'
            ? null
            : { invoke: (invocation) => scriptedNemesis(clock, invocation) },
        nodes: ['n1', 'n2'],
        concurrency: Number(options['concurrency'] ?? 1),
        seed: Number(options['seed'] ?? 1),
        operationTimeoutNs: milliseconds('timeout', 100),
        nemesisTimeoutNs: milliseconds('nemesis-timeout', 1_000),
        interruptGraceNs: milliseconds('grace', 20),
        onOperation: (operation) => void lines.push(describeOperation(operation)),
        onLog: (message) => note(`log: ${message}`),
        ...(interrupt === undefined ? undefined : { interrupt }),
        ...(options['continue'] === undefined
          ? undefined
          : { continueFrom: { nextIndex: 40, nextProcess: Number(options['continue']), nextClientId: 9 } }),
      }),
    );
    note(`${interrupted ? 'interrupted' : 'done'}, next process ${continuation.nextProcess}`);
  } catch (error) {
    note(String(error));
  }
  expect(own.pendingTimers, 'timers left').toBe(0);
  expect(command).toBe('run');
  return lines.join('\n');
}

const FOLDER = new URL('testdata/', import.meta.url);

describe('transcripts', () => {
  for (const name of readdirSync(FOLDER).sort()) {
    test(name, async () => {
      const results = await runTranscript(new URL(name, FOLDER).pathname, run);
      expect(results.length).toBeGreaterThan(0);
      for (const { block, expected, actual } of results) {
        expect(actual, `${name} line ${block.line}`).toBe(expected);
      }
    });
  }
});
