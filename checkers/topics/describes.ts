/**
 * What brokers show of topics: the metadata log, as far as the broker has read it, which goes forward only.
 *
 * Creations of a topic are told apart by their number of partitions, as far as they differ. What is certain is the order of operations of
 * which one was over before the other began.
 *
 * - `phantom-topic`: a topic is shown that nobody can have created so.
 * - `metadata-went-back`: through one node, first a creation is shown and later another one that certainly came before it.
 * - `topic-vanished`: through one node, first a creation is shown and later no topic, and nobody can have deleted it meanwhile.
 * - `lost-topic`, `resurrected-topic`: when nobody has changed the topic for a second, and the nemesis has done nothing for as long and
 *   does nothing later, a node shows none though a creation was the last change, or one though a deletion was: until then a node that
 *   is cut off shows what it knows. A run must therefore end with a rest, and then ask once more.
 *
 * It does not judge how late a broker is before that, and nothing of leaders and replicas.
 */
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { NS_PER_S } from '../../harness/units.ts';
import { type Conclusion, type Findings, indexesOf, isMap } from '../findings/findings.ts';
import type { Pace } from '../findings/pace.ts';
import { CREATE, DELETE, DESCRIBE, partitionsOf } from './topic-model.ts';

/** After the last change, and the end of the last fault, a broker has so long to show it. */
const GRACE_NS = NS_PER_S;
/** Earlier descriptions through a node that a new one is held against. */
const COMPARED_MAX = 16;

/** One that may have taken effect: no failure. */
interface Change {
  readonly kind: 'create' | 'delete';
  readonly partitions: number;
  readonly invocation: Operation;
  /** Undefined while it may yet take effect. */
  readonly completion: Operation | undefined;
}

interface Shown {
  readonly topic: string;
  readonly node: string;
  /** Null: there is no such topic. */
  readonly partitions: number | null;
  readonly invocation: Operation;
  readonly completion: Operation;
  /** Creations that it may show. */
  readonly creations: readonly Change[];
}

/** `a` was certainly over before `b` began. */
const isBefore = (a: Change, b: Change): boolean =>
  a.completion !== undefined && a.completion.index < b.invocation.index;

export function judgeDescribes(history: History, findings: Findings, pace: Pace): Conclusion {
  const changes = changesByTopic(history);
  const earlier = new Map<string, Shown[]>();
  const last = new Map<string, Shown>();
  let shown = 0;
  let absent = 0;
  for (const completion of history.operations) {
    if (pace.spend(1)) break;
    if (completion.f !== DESCRIBE || completion.type !== 'ok') continue;
    const description = shownBy(history, completion, changes);
    if (description === null) continue;
    shown++;
    if (description.partitions === null) absent++;
    const place = `${description.node} ${description.topic}`;
    const before = earlier.get(place) ?? [];
    if (description.partitions !== null && description.creations.length === 0)
      tellPhantom(description, findings);
    else judgeOrder(description, before, changes.get(description.topic) ?? [], findings);
    earlier.set(place, [...before.slice(1 - COMPARED_MAX), description]);
    last.set(`${String(completion.process)} ${place}`, description);
  }
  const calmAt = history.operations.findLast(({ process }) => process === 'nemesis')?.time ?? -Infinity;
  let settled = 0;
  for (const description of last.values()) {
    if (judgeEnd(description, changes.get(description.topic) ?? [], calmAt, findings)) settled++;
  }
  return {
    statistics: { topics: changes.size, shown, absent, settled },
    unknownBecause:
      shown > 0 ? undefined : 'no description of a topic was ok: run longer, or with fewer faults',
  };
}

function changesByTopic(history: History): ReadonlyMap<string, readonly Change[]> {
  const changes = new Map<string, Change[]>();
  for (const { invocation, completion } of history.pairs()) {
    const { f, value } = invocation;
    const topic = topicOf(value);
    if ((f !== CREATE && f !== DELETE) || topic === null || completion?.type === 'fail') continue;
    const change: Change = {
      kind: f === CREATE ? 'create' : 'delete',
      partitions: partitionsOf(value),
      invocation,
      completion: completion?.type === 'ok' ? completion : undefined,
    };
    const all = changes.get(topic);
    if (all === undefined) changes.set(topic, [change]);
    else all.push(change);
  }
  return changes;
}

function topicOf(value: Json): string | null {
  const topic = isMap(value) ? value['topic'] : null;
  return typeof topic === 'string' ? topic : null;
}

function shownBy(
  history: History,
  completion: Operation,
  changes: ReadonlyMap<string, readonly Change[]>,
): Shown | null {
  const invocation = history.invocationOf(completion.index);
  const topic = topicOf(completion.value);
  if (invocation === undefined || topic === null || !isMap(completion.value)) return null;
  const shown = completion.value['partitions'] ?? null;
  const partitions = shown === null ? null : isMap(shown) ? Object.keys(shown).length : Number(shown);
  const creations = (changes.get(topic) ?? []).filter(
    (change) =>
      change.kind === 'create' &&
      change.partitions === partitions &&
      change.invocation.index < completion.index,
  );
  return { topic, node: completion.node ?? 'a node', partitions, invocation, completion, creations };
}

function judgeOrder(
  later: Shown,
  before: readonly Shown[],
  changes: readonly Change[],
  findings: Findings,
): void {
  for (const earlier of before.toReversed()) {
    if (earlier.partitions === null || earlier.completion.index > later.invocation.index) continue;
    if (earlier.creations.length === 0) continue;
    if (later.partitions !== null) {
      const isPast = later.creations.every((creation) =>
        earlier.creations.every((newer) => newer !== creation && isBefore(creation, newer)),
      );
      if (!isPast) continue;
      tell(
        'metadata-went-back',
        earlier,
        later,
        `${later.partitions} partitions, as it was created before`,
        findings,
      );
    } else {
      const canBeGone = changes.some(
        (change) =>
          change.kind === 'delete' &&
          change.invocation.index < later.completion.index &&
          earlier.creations.some((creation) => !isBefore(change, creation)),
      );
      if (canBeGone) continue;
      tell(
        'topic-vanished',
        earlier,
        later,
        'no such topic, though nobody can have deleted it since',
        findings,
      );
    }
    return;
  }
}

function tell(name: string, earlier: Shown, later: Shown, what: string, findings: Findings): void {
  findings.add(name, () => ({
    explanation:
      `${later.node} showed topic ${later.topic} with ${String(earlier.partitions)} partitions in operation ` +
      `${earlier.completion.index}, and in operation ${later.completion.index}, which was asked later, ${what}.`,
    operations: indexesOf(
      earlier.invocation,
      earlier.completion,
      later.invocation,
      later.completion,
      earlier.creations[0]?.invocation,
    ),
  }));
}

function tellPhantom({ topic, node, partitions, invocation, completion }: Shown, findings: Findings): void {
  findings.add('phantom-topic', () => ({
    explanation:
      `${node} showed topic ${topic} with ${String(partitions)} partitions in operation ${completion.index}, and nobody can ` +
      `have created it so.`,
    operations: indexesOf(invocation, completion),
  }));
}

/** @returns whether the topic had settled when it was shown */
function judgeEnd(shown: Shown, changes: readonly Change[], calmAt: number, findings: Findings): boolean {
  const { invocation, completion, partitions, topic, node } = shown;
  // A change in doubt may take effect at any time, so it may always be the last one.
  const latest = changes.filter((change) => !changes.some((other) => isBefore(change, other)));
  const settledAt = Math.max(calmAt, ...changes.map((change) => change.completion?.time ?? Infinity));
  if (changes.length === 0 || !(invocation.time >= settledAt + GRACE_NS)) return false;
  if (changes.some((change) => change.invocation.index > invocation.index)) return false;
  const [witness] = latest;
  const report = (name: string, how: string): void =>
    findings.add(name, () => ({
      explanation:
        `${how} was the last change of topic ${topic}, acknowledged in operation ${witness?.completion?.index ?? '?'}, and ` +
        `${node} showed ${partitions === null ? 'no such topic' : `${partitions} partitions`} in operation ${completion.index}, a second later or more.`,
      operations: indexesOf(witness?.invocation, witness?.completion, invocation, completion),
    }));
  if (latest.every(({ kind }) => kind === 'create')) {
    if (!latest.some((change) => change.partitions === partitions)) report('lost-topic', 'A creation');
  } else if (latest.every(({ kind }) => kind === 'delete') && partitions !== null) {
    report('resurrected-topic', 'A deletion');
  }
  return true;
}
