/**
 * Judges topics: that they are created and deleted one after another, whoever leads the controllers, and what brokers show of them.
 *
 *     create-topic t {partitions: 2} ok · create-topic t {partitions: 3} ok, and no deletion: nonlinearizable
 *     describe-topic t through n1 → 3 partitions · again through n1 → 2, the creation that came before: metadata-went-back
 *
 * - `nonlinearizable`: acknowledged creations and deletions of a topic that no order explains: a creation was lost, or took effect twice. With
 *   `strictRefusals` what was refused counts, too: `TOPIC_ALREADY_EXISTS` saw the topic, `UNKNOWN_TOPIC_OR_PARTITION` saw none. Kafka does not
 *   promise that much: a controller that is cut off refuses by what it last knew, until it resigns.
 * - What brokers show comes late, by any time, but in order: see describes.ts for `phantom-topic`, `metadata-went-back`, `topic-vanished`, and,
 *   at the end, `lost-topic` and `resurrected-topic`.
 *
 * Operations carry the topic as their key and in their value.
 */
import { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { type Checker, combineValidity, type CheckInput, type Verdict } from '../checker.ts';
import { Findings } from '../findings/findings.ts';
import { Pace } from '../findings/pace.ts';
import { linearizability } from '../linearizability/index.ts';
import { judgeDescribes } from './describes.ts';
import { CREATE, DELETE, REFUSALS, topicModel } from './topic-model.ts';

const NAME = 'topics';

export interface TopicsOptions {
  /** Refusals saw the topic as it was at that moment. Default false. */
  readonly strictRefusals?: boolean;
}

export function topics({ strictRefusals = false }: TopicsOptions = {}): Checker {
  return {
    name: NAME,
    check: (input) => {
      const changes = linearizability({ model: topicModel }).check({
        ...input,
        history: changesOf(input.history, strictRefusals),
      });
      const shown = describesVerdict(input);
      const valid = combineValidity([changes.valid, shown.valid]);
      const reason = [changes, shown].find((verdict) => verdict.valid === 'unknown')?.reason;
      return {
        checker: NAME,
        valid,
        anomalies: [...changes.anomalies, ...shown.anomalies],
        ...(valid === 'unknown' && reason !== undefined ? { reason } : {}),
        statistics: { changes: changes.statistics ?? null, describes: shown.statistics ?? null },
      };
    },
  };
}

function describesVerdict(input: CheckInput): Verdict {
  const findings = new Findings();
  const pace = new Pace(input, input.history.length);
  const { statistics, unknownBecause } = judgeDescribes(input.history, findings, pace);
  return findings.conclude(NAME, { statistics, unknownBecause: pace.reason ?? unknownBecause });
}

/** Creations and deletions alone, where they stand in the whole history. */
function changesOf({ operations }: History, strictRefusals: boolean): History {
  let fillers = 0;
  return new History(
    operations.map((operation): Operation => {
      const { index, time, f, type, error } = operation;
      if (f !== CREATE && f !== DELETE) {
        const type = fillers++ % 2 === 0 ? 'invoke' : 'info';
        return { index, time, process: 'nemesis', type, f: 'elsewhere', value: null };
      }
      if (type !== 'fail' || error?.code !== REFUSALS.get(f)) return operation;
      return strictRefusals ? { ...operation, error: { ...error, code: 'precondition-failed' } } : operation;
    }),
  );
}
