/** Short histories, written by hand in tests. */
import { History } from '../../../harness/history/history.ts';
import type { Json, Operation, OperationType } from '../../../harness/history/operation.ts';

/** `'3 ok read x 1'`: process, type, function, key (`-` for none), value as JSON; a `fail` of a cas was refused. */
export function historyOf(...lines: readonly string[]): History {
  return new History(
    lines.map((line, index): Operation => {
      const [process, type, f, key, ...rest] = line.split(' ') as [
        string,
        OperationType,
        string,
        string?,
        ...string[],
      ];
      const value = (rest.length === 0 ? null : JSON.parse(rest.join(' '))) as Json;
      return {
        index,
        time: index,
        process: process === 'nemesis' ? 'nemesis' : Number(process),
        type,
        f,
        ...(key === undefined || key === '-' ? {} : { key }),
        value,
        ...(type === 'fail' && f === 'cas' ? { error: { code: 'precondition-failed' } } : {}),
      };
    }),
  );
}

/** An invocation and its ok, with nothing between. */
export function call(process: number, f: string, key: string, value: string, answer = value): string[] {
  return [
    `${process} invoke ${f} ${key} ${f === 'read' ? 'null' : value}`,
    `${process} ok ${f} ${key} ${answer}`,
  ];
}
