/**
 * How long a million operations take to write, load and pair, and what they weigh; and to import from EDN.
 *
 *     node --expose-gc bench/history.ts
 */
import { History } from '../harness/history/history.ts';
import { decodeHistory, HistoryWriter } from '../harness/history/json-lines.ts';
import { readHistory } from '../harness/history/import/index.ts';
import type { Operation } from '../harness/history/operation.ts';

const OPERATIONS = 1_000_000;
const EDN_OPERATIONS = 100_000;
const PROCESSES = 10;

function* operations(count: number): Generator<Operation> {
  for (let index = 0; index < count; index++) {
    const invokes = index % (2 * PROCESSES) < PROCESSES;
    const turn = Math.floor(index / (2 * PROCESSES));
    const process = index % PROCESSES;
    const f = turn % 3 === 0 ? 'write' : turn % 3 === 1 ? 'read' : 'cas';
    const value = f === 'write' ? turn : f === 'cas' ? [turn - 2, turn] : invokes ? null : turn - 1;
    yield {
      index,
      time: index * 50_000,
      process,
      type: invokes ? 'invoke' : 'ok',
      f,
      key: `k${turn % 50}`,
      value,
      node: `n${1 + (process % 5)}`,
      ...(invokes ? {} : { position: { index: turn * PROCESSES + process, term: 3 } }),
    };
  }
}

function timed<T>(what: string, act: () => T): T {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const result = act();
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `${what.padEnd(58)}${(performance.now() - start).toFixed(0).padStart(8)} ms ${((user + system) / 1000).toFixed(0).padStart(8)} ms of processor`,
  );
  return result;
}

function heapMb(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

export function run(): void {
  const writer = new HistoryWriter({ bench: true });
  const bytes = timed(`write ${OPERATIONS} operations as JSON Lines`, () => {
    const parts: Buffer[] = [Buffer.from(writer.header())];
    for (const operation of operations(OPERATIONS)) parts.push(Buffer.from(writer.line(operation)));
    return Buffer.concat(parts);
  });
  console.log(`${'size'.padEnd(58)}${(bytes.length / 1e6).toFixed(0).padStart(8)} MB`);
  const before = heapMb();
  const { history } = timed('load, validate and pair', () => decodeHistory(bytes));
  console.log(
    `${`heap of the history${globalThis.gc ? '' : ' (run with --expose-gc for a true figure)'}`.padEnd(58)}` +
      `${(heapMb() - before).toFixed(0).padStart(8)} MB`,
  );
  timed('validate and pair alone', () => new History(history.operations));
  timed('pairs()', () => history.pairs().length);
  timed('byKey()', () => history.byKey().size);
  const edn = Buffer.from(
    [...operations(EDN_OPERATIONS)]
      .map(
        ({ process, type, f, value, time, index }) =>
          `{:process ${process}, :type :${type}, :f :${f}, :value ${JSON.stringify(value).replace('null', 'nil')}, ` +
          `:time ${time}, :index ${index}}\n`,
      )
      .join(''),
  );
  timed(`import ${EDN_OPERATIONS} operations of Jepsen EDN`, () => readHistory(edn));
}

if (import.meta.main) run();
