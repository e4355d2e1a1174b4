/**
 * Judges registers on which a key's operations are issued one after another as one causal order, by whatever client:
 * `read-init`, `write`, `read`. Each read must return what the causal order wrote last; nothing yet is 0 or null. After
 * `jepsen.tests.causal`.
 *
 *     read-init → 0 · write 1 · read → 1 · write 2 · read → 2   is fine
 *     read-init → 0 · write 1 · read → 0                        lost-causal-write: 1 came before in the causal order
 *
 * Operations may carry where they took effect (`position`) and the position of the operation that they build on (`link`,
 * `"init"` for none): then each must build on the one before it, else `broken-link`.
 *
 * A write of unknown outcome may take effect at any later time, or never. That a write counts up by one, as Jepsen's
 * model demands, is not asked: who writes is the client, not the system. Keys on which operations overlap have no one
 * causal order: they are not judged, and the verdict is unknown unless another key fails. After an operation of unknown
 * outcome the next one may build on that or on the one before, so its link is not judged.
 *
 * Anomalies: `lost-causal-write` (an older value, or none), `garbage-read` (a value that nobody wrote), `G1a` (its write
 * failed), `future-read` (written only later), `broken-link`.
 */
import { HarnessError } from '../../harness/errors.ts';
import type { OperationPair } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Anomaly, Checker, CheckInput, Verdict } from '../checker.ts';
import { Findings, show } from '../findings/findings.ts';
import { Pace } from '../findings/pace.ts';
import { canonicalJson } from '../linearizability/model.ts';

const NAME = 'causal-register';

/** `link` is Jepsen's own: no operation of ours has it. */
type LinkedOperation = Operation & { readonly link?: Json };

/** The initial value, by whatever name: Jepsen's model begins with 0, a database with null. */
const INITIAL = '0';

const idOf = (value: Json): string => (value === null ? INITIAL : canonicalJson(value));

export function causalRegister(): Checker {
  return { name: NAME, check: judge };
}

function judge(input: CheckInput): Verdict {
  const { history } = input;
  const pace = new Pace(input, 2 * history.length);
  const keys = new Map<Operation['key'], OperationPair[]>();
  for (const pair of history.pairs()) {
    if (pace.spend(2)) break;
    const { key, f, index } = pair.invocation;
    if (f !== 'read' && f !== 'read-init' && f !== 'write') {
      throw new HarnessError(
        'bad-history',
        `operation ${index}: a causal register has read-init, read and write, no ${f}`,
      );
    }
    const pairs = keys.get(key);
    if (pairs === undefined) keys.set(key, [pair]);
    else pairs.push(pair);
  }
  const findings = new Findings();
  let overlapping = 0;
  let reads = 0;
  for (const [key, pairs] of keys) {
    // A key of which a part is missing could not be judged.
    if (pace.spend(2 * pairs.length)) break;
    if (overlap(pairs)) {
      overlapping++;
      continue;
    }
    const run = new CausalOrder(key, pairs);
    for (const pair of pairs) {
      const anomaly = run.step(pair);
      if (anomaly !== null) findings.add(anomaly.name, () => anomaly);
    }
    reads += run.reads;
  }
  const noOrder =
    `on ${overlapping} of ${keys.size} keys operations overlap, so there is no causal order to judge by: ` +
    `issue them one after another`;
  const vacuous = 'no read after a write completed, so nothing was judged: run longer, or with fewer faults';
  return findings.conclude(NAME, {
    statistics: { keys: keys.size, overlappingKeys: overlapping, reads },
    unknownBecause: pace.reason ?? (overlapping > 0 ? noOrder : reads === 0 ? vacuous : undefined),
  });
}

/** Whether one is invoked while another is still being answered. Those that nobody answers are open for ever. */
function overlap(pairs: readonly OperationPair[]): boolean {
  let end = -1;
  return pairs.some(({ invocation, completion }) => {
    if (invocation.index < end) return true;
    if (completion !== undefined) end = completion.index;
    return false;
  });
}

/** One key on its way through its causal order. */
class CausalOrder {
  readonly #key: Operation['key'];
  readonly #writes = new Map<string, OperationPair>();
  /** What the register holds if no write in doubt takes effect; before the first write, undefined. */
  #last: OperationPair | undefined;
  readonly #inDoubt = new Map<string, OperationPair[]>();
  #seen: LinkedOperation | undefined;
  /** Judged reads: those after a write. */
  reads = 0;

  constructor(key: Operation['key'], pairs: readonly OperationPair[]) {
    this.#key = key;
    for (const pair of pairs) {
      const { f, value } = pair.invocation;
      if (f !== 'write') continue;
      const id = idOf(value);
      const known = this.#writes.get(id);
      if (known === undefined || known.completion?.type === 'fail') this.#writes.set(id, pair);
    }
  }

  step(pair: OperationPair): Anomaly | null {
    const { invocation, completion } = pair;
    if (completion?.type === 'fail') return null;
    if (completion?.type !== 'ok') {
      this.#seen = undefined;
      if (invocation.f !== 'write') return null;
      const others = this.#inDoubt.get(idOf(invocation.value));
      if (others === undefined) this.#inDoubt.set(idOf(invocation.value), [pair]);
      else others.push(pair);
      return null;
    }
    const broken = this.#follow(completion);
    if (invocation.f === 'write') {
      this.#last = pair;
      return broken;
    }
    if (this.#last !== undefined || this.#inDoubt.size > 0) this.reads++;
    return this.#read(completion) ?? broken;
  }

  #read(completion: Operation): Anomaly | null {
    const { value } = completion;
    const id = idOf(value);
    const expected = this.#last === undefined ? INITIAL : idOf(this.#last.invocation.value);
    if (id === expected) return null;
    const inDoubt = this.#inDoubt.get(id)?.pop();
    if (inDoubt !== undefined) {
      this.#last = inDoubt;
      return null;
    }
    const where = this.#key === undefined ? '' : ` of key ${this.#key}`;
    const told = `The ${completion.f}${where} in operation ${completion.index} returned ${show(value)}, `;
    const write = this.#writes.get(id);
    const operations = (...others: readonly (Operation | undefined)[]): number[] =>
      [completion, ...others].flatMap((other) => other?.index ?? []).sort((a, b) => a - b);
    if (write === undefined && id !== INITIAL) {
      const explanation = `${told}which nobody wrote.`;
      return { name: 'garbage-read', explanation, operations: operations() };
    }
    const written = write?.invocation;
    if (write?.completion?.type === 'fail') {
      const explanation = `${told}but its write (operation ${written?.index ?? ''}) failed.`;
      return { name: 'G1a', explanation, operations: operations(written) };
    }
    if (written !== undefined && written.index > completion.index) {
      const explanation = `${told}which operation ${written.index} wrote only later.`;
      return { name: 'future-read', explanation, operations: operations(written) };
    }
    const last = this.#last;
    return {
      name: 'lost-causal-write',
      explanation:
        last === undefined
          ? `${told}but nothing had been written.`
          : `${told}but the write of ${show(last.invocation.value)} (operation ${last.invocation.index}) ` +
            `comes before it in the causal order, and after ${id === INITIAL ? 'the beginning' : 'that value'}.`,
      operations: operations(written, last?.invocation, last?.completion),
    };
  }

  /** Whether the operation builds on the one before. */
  #follow(completion: LinkedOperation): Anomaly | null {
    const before = this.#seen;
    this.#seen = completion;
    const { link } = completion;
    const position = before?.position?.index;
    if (link === undefined || link === null || link === 'init' || position === undefined) return null;
    if (link === position) return null;
    return {
      name: 'broken-link',
      explanation:
        `Operation ${completion.index} builds on position ${show(link)}, but the operation before it in the causal ` +
        `order (${before?.index ?? ''}) took effect at ${position}.`,
      operations: [before?.index ?? completion.index, completion.index],
    };
  }
}
