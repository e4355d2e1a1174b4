/**
 * Judges values: who sent them, who read them, and where they are.
 *
 * `phantom`, `aborted-read`, `precommitted-read`, `duplicate`, `inconsistent-offsets`, `content-mismatch`. Values need
 * not be unique: what is sent n times may be at n offsets.
 */
import { describeJson } from '../linearizability/model.ts';
import { IN_DOUBT, NONE } from './ledger.ts';
import { witnesses } from './findings.ts';
import type { Judgement } from './judgement.ts';
import { runsOf } from './logs.ts';
import type { PictureRequest } from './picture.ts';

/** Values, offsets or operations listed in one sentence. */
const MAX_LISTED = 8;

export function judgeValues(judgement: Judgement): void {
  judgeOrigins(judgement);
  judgePrecommittedReads(judgement);
  judgeDuplicates(judgement);
  judgePolledTwice(judgement);
  judgeAcknowledgedTwice(judgement);
  judgeContents(judgement);
}

/** Nobody reads what nobody sent, what was sent only later, or what was not sent after all. */
function judgeOrigins(judgement: Judgement): void {
  const { ledger, findings, pace } = judgement;
  for (let value = 0; value < ledger.values.length; value++) {
    if (pace.spend(1)) return;
    const run = ledger.valueFirstRun.at(value);
    if (run === NONE) continue;
    const poll = ledger.runOperation.at(run);
    const first = ledger.valueFirstSend.at(value);
    const invocation = first === NONE ? NONE : ledger.sendOperation.at(first);
    if (first === NONE) {
      findings.add('phantom', () => tellRead(judgement, value, poll, [], 'which nobody ever sent.'));
    } else if (invocation > poll) {
      const end = `which was sent only later, in operation ${invocation}.`;
      findings.add('phantom', () => tellRead(judgement, value, poll, [invocation], end));
    } else if (ledger.valueFailures.at(value) === ledger.valueSends.at(value)) {
      const end = `but its send in operation ${invocation} failed (G1a).`;
      findings.add(
        'aborted-read',
        () => tellRead(judgement, value, poll, judgement.operationsOfSend(first), end),
        { isTransaction: judgement.isTransaction(invocation) },
      );
    }
  }
}

function tellRead(
  judgement: Judgement,
  value: number,
  poll: number,
  senders: readonly (number | undefined)[],
  end: string,
) {
  const what = `${judgement.value(value)} from ${judgement.keyOfValue(value)}`;
  return {
    explanation: `Operation ${poll} polled ${what}, ${end}`,
    operations: witnesses(...senders, judgement.invocationOf(poll), poll),
    picture: judgement.draw(around(judgement, value, [poll])),
  };
}

/** A picture of everywhere a value is. */
function around({ ledger, logs }: Judgement, value: number, polls: readonly number[]): PictureRequest {
  const slots = [...(logs.repeated.get(value) ?? [logs.valueSlot[value] as number])];
  const first = ledger.valueFirstSend.at(value);
  const sends = first === NONE ? [] : [ledger.sendOperation.at(first)];
  return { key: ledger.valueKey.at(value), slots, polls, sends, wrong: slots };
}

/** An operation does not poll what it sends itself: nobody sees it before it commits. */
function judgePrecommittedReads(judgement: Judgement): void {
  const { ledger, findings, pace } = judgement;
  if (!ledger.hasCompounds) return;
  for (let send = 0; send < ledger.sendOperation.length; send++) {
    if (pace.spend(1)) return;
    const value = ledger.sendValue.at(send);
    if (ledger.valueFirstRun.at(value) === NONE || ledger.valueSends.at(value) !== 1) continue;
    const operation = ledger.sendOperation.at(send);
    if (!judgement.isTransaction(operation)) continue;
    const completion = ledger.history.completionOf(operation)?.index;
    if (completion === undefined || !pollsValue(judgement, completion, value)) continue;
    findings.add(
      'precommitted-read',
      () => ({
        explanation:
          `Operation ${completion} polled ${judgement.value(value)} from ${judgement.keyOfValue(value)}, ` +
          `which it had sent itself and not yet committed.`,
        operations: witnesses(operation, completion),
        picture: judgement.draw(around(judgement, value, [completion])),
      }),
      { isTransaction: true },
    );
  }
}

function pollsValue({ ledger }: Judgement, completion: number, value: number): boolean {
  const { first, end } = runsOf(ledger, completion);
  for (let run = first; run < end; run++) {
    const until = ledger.runEnd(run);
    for (let read = ledger.runStart.at(run); read < until; read++) {
      if (ledger.readValue.at(read) === value) return true;
    }
  }
  return false;
}

function judgeDuplicates(judgement: Judgement): void {
  const { ledger, logs, findings, pace } = judgement;
  for (const [value, slots] of logs.repeated) {
    if (pace.spend(1)) return;
    // A phantom was sent never, and should be nowhere; that it is there twice is worth saying, too.
    const sends = ledger.valueSends.at(value) - ledger.valueFailures.at(value);
    if (slots.size <= Math.max(1, sends)) continue;
    findings.add('duplicate', () => tellDuplicate(judgement, value, slots, sends), {
      isInDoubt: isInDoubt(judgement, value),
    });
  }
}

function tellDuplicate(judgement: Judgement, value: number, slots: ReadonlySet<number>, sends: number) {
  const { ledger, logs } = judgement;
  const send = ledger.valueFirstSend.at(value);
  const ordered = [...slots].sort((a, b) => a - b);
  const polls = ordered.map((slot) => pollAt(judgement, slot, value)).filter((poll) => poll !== NONE);
  const offsets = ordered.map((slot) => String(logs.offsets[slot]));
  return {
    explanation:
      `${judgement.value(value)} is in ${judgement.keyOfValue(value)} at offsets ${list(offsets)}, but was sent ` +
      `${sends === 0 ? 'never' : sends === 1 ? 'once' : `${sends} times`}` +
      (send === NONE ? '.' : `, first in operation ${ledger.sendOperation.at(send)}.`),
    operations: witnesses(
      ...judgement.operationsOfSend(send),
      ...polls.slice(0, MAX_LISTED).flatMap((poll) => [judgement.invocationOf(poll), poll]),
    ),
    picture: judgement.draw(around(judgement, value, polls.slice(0, 4))),
  };
}

/** Whether the only send of a value is in doubt. */
function isInDoubt({ ledger }: Judgement, value: number): boolean {
  const send = ledger.valueFirstSend.at(value);
  return send !== NONE && ledger.sendOutcome.at(send) === IN_DOUBT;
}

/** The first poll that returned this value there; else -1. */
function pollAt({ ledger, logs }: Judgement, slot: number, value: number): number {
  const run = logs.run[slot] as number;
  return run !== NONE && logs.value[slot] === value ? ledger.runOperation.at(run) : NONE;
}

/** Polls that return two values at one offset. */
function judgePolledTwice(judgement: Judgement): void {
  const { logs, findings, pace } = judgement;
  const pollsOf = disputingPolls(judgement);
  if (pace.isOverdue) return;
  for (const [slot, disputed] of logs.disputed) {
    const polls = pollsOf.get(slot) ?? [];
    const key = logs.keyOfSlot(slot);
    findings.add('inconsistent-offsets', () => ({
      explanation:
        `Polls returned ${disputed.size} values at ${judgement.slot(slot)} of ${judgement.key(key)}: ` +
        `${list([...disputed].map((value) => judgement.value(value)))} in operations ${list(polls.map(String))}.`,
      operations: witnesses(
        ...polls.slice(0, MAX_LISTED).flatMap((poll) => [judgement.invocationOf(poll), poll]),
      ),
      picture: judgement.draw({ key, slots: [slot], polls: polls.slice(0, 4), wrong: [slot] }),
    }));
  }
}

/** Of each disputed slot, the first poll of each of its values; one pass over all reads, and none without a dispute. */
function disputingPolls({ ledger, logs, pace }: Judgement): ReadonlyMap<number, number[]> {
  const polls = new Map<number, number[]>();
  if (logs.disputed.size === 0) return polls;
  const seen = new Map<number, Set<number>>();
  for (let run = 0; run < ledger.runKey.length; run++) {
    const end = ledger.runEnd(run);
    if (pace.spend(end - ledger.runStart.at(run))) break;
    for (let read = ledger.runStart.at(run); read < end; read++) {
      const slot = logs.readSlot[read] as number;
      if (!logs.disputed.has(slot)) continue;
      let values = seen.get(slot);
      if (values === undefined) {
        seen.set(slot, (values = new Set()));
        polls.set(slot, []);
      }
      const value = ledger.readValue.at(read);
      if (values.has(value)) continue;
      values.add(value);
      polls.get(slot)?.push(ledger.runOperation.at(run));
    }
  }
  return polls;
}

/** Acknowledgements that give one offset to two sends. */
function judgeAcknowledgedTwice(judgement: Judgement): void {
  const { ledger, logs, findings } = judgement;
  for (const [slot, sends] of logs.doublyAcknowledged) {
    if (new Set(sends.map((send) => ledger.sendValue.at(send))).size === 1) continue;
    const key = logs.keyOfSlot(slot);
    const texts = sends.map(
      (send) => `${judgement.value(ledger.sendValue.at(send))} in operation ${ledger.sendOperation.at(send)}`,
    );
    findings.add(
      'inconsistent-offsets',
      () => ({
        explanation:
          `${sends.length} sends to ${judgement.key(key)} were told that they are at ${judgement.slot(slot)}: ` +
          `${list(texts)}.`,
        operations: witnesses(
          ...sends.slice(0, MAX_LISTED).flatMap((send) => judgement.operationsOfSend(send)),
        ),
        picture: judgement.draw({
          key,
          slots: [slot],
          sends: sends.slice(0, 4).map((send) => ledger.sendOperation.at(send)),
          wrong: [slot],
        }),
      }),
      { isAcknowledgedOnly: true },
    );
  }
}

/** What polls find at an acknowledged offset is what was acknowledged there. */
function judgeContents(judgement: Judgement): void {
  const { ledger, logs, findings, pace } = judgement;
  for (const { send, completion, value } of ledger.wrongEchoes) {
    findings.add('content-mismatch', () => ({
      explanation:
        `Operation ${completion.index} acknowledged ${describeJson(value)} in ` +
        `${judgement.key(ledger.sendKey.at(send))}, but operation ${ledger.sendOperation.at(send)} had sent ` +
        `${judgement.value(ledger.sendValue.at(send))}.`,
      operations: witnesses(...judgement.operationsOfSend(send)),
    }));
  }
  for (let send = 0; send < logs.committed.length; send++) {
    if (pace.spend(1)) return;
    const slot = logs.sendSlot[send] as number;
    if (slot === NONE || logs.run[slot] === NONE || Number.isNaN(ledger.sendOffset.at(send))) continue;
    const value = ledger.sendValue.at(send);
    if (logs.value[slot] === value || logs.disputed.get(slot)?.has(value) === true) continue;
    const poll = ledger.runOperation.at(logs.run[slot] as number);
    findings.add('content-mismatch', () => ({
      explanation:
        `${judgement.send(send)} is not there: operation ${poll} polled ` +
        `${judgement.value(logs.value[slot] as number)} at ${judgement.slot(slot)}.`,
      operations: witnesses(...judgement.operationsOfSend(send), judgement.invocationOf(poll), poll),
      picture: judgement.draw({
        key: ledger.sendKey.at(send),
        slots: [slot],
        sends: [ledger.sendOperation.at(send)],
        polls: [poll],
        wrong: [slot],
      }),
    }));
  }
}

function list(texts: readonly string[]): string {
  const more = texts.length > MAX_LISTED ? ` and ${texts.length - MAX_LISTED} more` : '';
  return texts.slice(0, MAX_LISTED).join(', ') + more;
}
