/**
 * The files of a run that grow while it goes on: history, trace, and what the nodes log.
 *
 *     const recording = new Recording(directory, test);
 *     recording.operation(operation);
 *     recording.close();
 */
import { join } from 'node:path';
import type { LineFile } from '../../results/line-file.ts';
import type { RunDirectory } from '../../results/run-directory.ts';
import { HistoryWriter } from '../history/json-lines.ts';
import type { Operation } from '../history/operation.ts';
import { TraceWriter } from '../history/trace-lines.ts';
import type { TraceRecord } from '../history/trace.ts';
import type { TestDefinition } from '../run/test-definition.ts';

export class Recording {
  readonly #historyWriter = new HistoryWriter();
  readonly #traceWriter = new TraceWriter();
  readonly #trace: LineFile;
  readonly #history: LineFile;
  readonly #logs: ReadonlyMap<string, LineFile>;

  constructor(directory: RunDirectory, test: TestDefinition) {
    // An operation is on the disk only together with all that the nodes said before it: a checker of a run that was cut
    // off would else take what it misses in the trace for lost.
    this.#trace = directory.lines('trace.jsonl', { head: this.#traceWriter.header() });
    this.#history = directory.lines('history.jsonl', {
      head: this.#historyWriter.header(),
      ahead: this.#trace,
    });
    this.#logs = new Map(
      test.nodes.map((node) => {
        const config = {
          name: node,
          peers: test.nodes,
          system: test.system,
          options: test.systemOptions,
          bugs: test.bugs,
        };
        directory.writeJson(join('nodes', node, 'config.json'), config);
        return [node, directory.lines(join('nodes', node, 'node.log'))];
      }),
    );
  }

  operation(operation: Operation): void {
    this.#history.append(this.#historyWriter.line(operation));
  }

  trace(record: TraceRecord): void {
    this.#trace.append(this.#traceWriter.line(record));
  }

  log(node: string, line: string): void {
    this.#logs.get(node)?.append(`${line}\n`);
  }

  /** Closes all; throws the first failure afterwards. */
  close(): void {
    const failures: unknown[] = [];
    for (const file of [this.#trace, this.#history, ...this.#logs.values()]) {
      try {
        file.close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
