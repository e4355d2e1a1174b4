/** Histories in the shapes of Maelstrom's workloads and of jepsen.independent: who is guessed, and what is judged. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandIn, temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);

/** Process, function, argument, answer in EDN; then how it ended, and what else the records have. */
type Call = readonly [
  process: number,
  f: string,
  asked: string,
  answer?: string,
  type?: string,
  more?: string,
];

const FINAL = ', :final? true';

function edn(calls: readonly Call[]): string {
  return calls
    .flatMap(([process, f, asked, answer = asked, type = 'ok', more = '']) => [
      `:process ${process}, :type :invoke, :f :${f}, :value ${asked}${more === FINAL ? more : ''}`,
      `:process ${process}, :type :${type}, :f :${f}, :value ${answer}${more}`,
    ])
    .map((text, index) => `{:index ${index}, :time ${index}000, ${text}}\n`)
    .join('');
}

interface Sample {
  readonly judge: string;
  readonly valid: readonly Call[];
  /** What is recorded behind it. */
  readonly wrong: readonly Call[];
}

const MAELSTROM: Readonly<Record<string, Sample>> = {
  echo: {
    judge: '--workload echo',
    valid: [[0, 'echo', '"Please echo 5"', '{:echo "Please echo 5", :type "echo_ok", :in_reply_to 3}']],
    wrong: [[1, 'echo', '"Please echo 7"', '{:echo "Please echo 5", :type "echo_ok", :in_reply_to 3}']],
  },
  broadcast: {
    judge: '--workload set-full',
    valid: [[0, 'broadcast', '0'], [1, 'broadcast', '1'], [0, 'read', 'nil', '[0]'], [0, 'read', 'nil', '[0 1]']], // prettier-ignore
    wrong: [[1, 'read', 'nil', '[1]', 'ok', FINAL]],
  },
  'g-set': {
    judge: '--workload set-full',
    valid: [[0, 'add', '0'], [1, 'read', 'nil', '[]'], [1, 'read', 'nil', '[0]']], // prettier-ignore
    wrong: [[1, 'read', 'nil', '[]']],
  },
  'g-counter': {
    judge: '--workload pn-counter',
    valid: [[0, 'add', '3'], [1, 'read', 'nil', '0'], [1, 'add', '2'], [0, 'read', 'nil', '5', 'ok', FINAL]], // prettier-ignore
    wrong: [[1, 'read', 'nil', '3', 'ok', FINAL]],
  },
  'pn-counter': {
    judge: '--workload pn-counter',
    valid: [[0, 'add', '3'], [1, 'read', 'nil', '9'], [1, 'add', '-2', '-2', 'info', ', :error :net-timeout'], [0, 'read', 'nil', '1', 'ok', FINAL]], // prettier-ignore
    wrong: [[3, 'read', 'nil', '2', 'ok', FINAL]],
  },
  'unique-ids': {
    judge: '--workload unique-ids',
    valid: [[0, 'generate', 'nil', '"n1-0"'], [1, 'generate', 'nil', '[1 {:a 2}]']], // prettier-ignore
    wrong: [[1, 'generate', 'nil', '"n1-0"']],
  },
  'lin-kv': {
    judge: '--model cas-register',
    valid: [
      [0, 'read', '[0 nil]', '[0 nil]', 'fail', ', :error [:key-does-not-exist "not found"]'],
      [0, 'write', '[0 3]'],
      [1, 'cas', '[0 [3 4]]'],
      [2, 'cas', '[0 [3 1]]', '[0 [3 1]]', 'fail', ', :error [:precondition-failed "expected 3, had 4"]'],
      [0, 'read', '[0 nil]', '[0 4]'],
    ],
    wrong: [[0, 'read', '[0 nil]', '[0 3]']],
  },
  'txn-list-append': {
    judge: '--workload list-append',
    valid: [[0, 'txn', '[[:append 1 1] [:r 1 nil]]', '[[:append 1 1] [:r 1 [1]]]'], [1, 'txn', '[[:r 2 nil]]']], // prettier-ignore
    wrong: [[1, 'txn', '[[:r 1 nil]]', '[[:r 1 nil]]']],
  },
  'txn-rw-register': {
    judge: '--workload rw-register',
    valid: [[0, 'txn', '[[:w 1 1]]'], [1, 'txn', '[[:r 1 nil] [:w 1 2]]', '[[:r 1 1] [:w 1 2]]']], // prettier-ignore
    wrong: [[2, 'txn', '[[:r 1 nil]]', '[[:r 1 1]]']],
  },
  kafka: {
    judge: '--workload log',
    valid: [
      [0, 'assign', '["8"]'],
      [0, 'send', '[[:send "8" 1]]', '[[:send "8" [0 1]]]'],
      [0, 'send', '[[:send "8" 2]]', '[[:send "8" [1 2]]]'],
      [0, 'poll', '[[:poll]]', '[[:poll {"8" [[0 1] [1 2]]}]]'],
      [0, 'crash', 'nil', 'nil', 'info'],
    ],
    wrong: [[2, 'assign', '["8"]'], [2, 'poll', '[[:poll]]', '[[:poll {"8" [[0 2]]}]]']], // prettier-ignore
  },
};

const INDEPENDENT: readonly Sample[] = [
  { judge: '--workload list-append', valid: [[0, 'txn', '[[:append :x 1]]'], [1, 'txn', '[[:r :x nil]]', '[[:r :x [1]]]']], wrong: [[0, 'txn', '[[:r :x nil]]', '[[:r :x nil]]']] }, // prettier-ignore
  { judge: '--workload rw-register', valid: [[0, 'txn', '[[:w :x 1]]'], [1, 'txn', '[[:r :x nil] [:w :x 2]]', '[[:r :x 1] [:w :x 2]]']], wrong: [[0, 'txn', '[[:r :x nil]]', '[[:r :x 1]]']] }, // prettier-ignore
  { judge: '--workload set-full', valid: [[0, 'add', '1'], [0, 'read', 'nil', '#{1}']], wrong: [[0, 'read', 'nil', '#{}']] }, // prettier-ignore
  { judge: '--workload counter', valid: [[0, 'add', '1'], [0, 'read', 'nil', '1']], wrong: [[0, 'read', 'nil', '2']] }, // prettier-ignore
  { judge: '--workload total-queue', valid: [[0, 'enqueue', '1'], [0, 'dequeue', 'nil', '1']], wrong: [[0, 'dequeue', 'nil', '7']] }, // prettier-ignore
  { judge: '--workload bank', valid: [[0, 'transfer', '{:from 0, :to 1, :amount 5}'], [0, 'read', 'nil', '{0 5, 1 5}'], [0, 'read', 'nil', '{0 5, 1 5}']], wrong: [[0, 'read', 'nil', '{0 5, 1 4}']] }, // prettier-ignore
];

interface CheckJson {
  readonly results: readonly {
    readonly path: string;
    readonly valid: unknown;
    readonly notes: readonly string[];
  }[];
}

/** Path, verdict, and who was guessed. */
async function judged(...paths: readonly string[]): Promise<readonly unknown[][]> {
  const { stdout } = await shaketable('check', '--json', ...paths);
  return (JSON.parse(stdout) as CheckJson).results.map(({ path, valid, notes }) => [
    path,
    valid,
    /judged as (--\S+ \S+),/.exec(notes.join('\n'))?.[1],
  ]);
}

describe('Maelstrom', () => {
  it('each of its workloads is recognised, and judged right', async () => {
    const expected = Object.entries(MAELSTROM).flatMap(([name, { judge, valid, wrong }]) => {
      writeFileSync(join(folder, `${name}.edn`), edn(valid));
      writeFileSync(join(folder, `${name}-wrong.edn`), edn([...valid, ...wrong]));
      return [[`${name}.edn`, true, judge], [`${name}-wrong.edn`, false, judge]]; // prettier-ignore
    });
    expect(await judged(...expected.map(([path]) => String(path)))).toEqual(expected);
  });

  it.each(Object.keys(MAELSTROM))('--workload %s is a name', async (name) => {
    const file = `${name}-named.edn`;
    writeFileSync(join(folder, file), edn(MAELSTROM[name]?.valid ?? []));
    expect((await shaketable('check', '--workload', name, file)).exitCode).toBe(0);
  });
});

describe('jepsen.independent', () => {
  const keyed = (pair: (key: number, value: string) => string, calls: readonly Call[], key: number): Call[] =>
    calls.map(([process, f, asked, answer = asked]) => [process, f, pair(key, asked), pair(key, answer)]);

  it.each<[string, (key: number, value: string) => string]>([
    ['pairs', (key, value) => `[${key} ${value}]`],
    ['tagged tuples', (key, value) => `#jepsen.independent.Tuple{:key ${key}, :value ${value}}`],
    ['map entries', (key, value) => `#clojure.lang.MapEntry[${key} ${value}]`],
  ])('each key is judged alone: %s', async (what, pair) => {
    const expected = INDEPENDENT.flatMap(({ judge, valid, wrong }, i) => {
      const both = [...keyed(pair, valid, 1), ...keyed(pair, valid, 2)];
      const name = `${what}-${i}`.replaceAll(' ', '-');
      writeFileSync(join(folder, `${name}.edn`), edn(both));
      writeFileSync(join(folder, `${name}-wrong.edn`), edn([...both, ...keyed(pair, wrong, 2)]));
      return [[`${name}.edn`, true, judge], [`${name}-wrong.edn`, false, judge]]; // prettier-ignore
    });
    expect(await judged(...expected.map(([path]) => String(path)))).toEqual(expected);
  });
});
