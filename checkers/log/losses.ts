/**
 * Judges what must have committed and nobody ever polled.
 *
 * `lost-write`: a consumer that began below it came as far as its offset, or farther. `unseen`: nobody came that far,
 * though consumers asked on, to the end, and got nothing more. What is neither may be read later: it is counted only.
 * A value that was sent several times is lost as often as it was polled at fewer offsets than it must be at.
 */
import { int32Column } from '../transactions/columns.ts';
import { witnesses } from './findings.ts';
import type { Judgement } from './judgement.ts';
import { IN_DOUBT, NONE, OK } from './ledger.ts';
import type { Progress } from './polls.ts';

/** @returns by partition, how many acknowledged sends nobody polled */
export function judgeLosses(judgement: Judgement, progress: Progress): Int32Array {
  const { ledger, logs, pace } = judgement;
  const unread = new Int32Array(ledger.keyNames.length);
  const missing = new Map<number, number>();
  let committed: Int32Array | undefined;
  for (let send = 0; send < logs.committed.length; send++) {
    if (pace.spend(1)) break;
    if (logs.committed[send] !== 1) continue;
    const value = ledger.sendValue.at(send);
    if (
      ledger.valueSends.at(value) === 1 ? ledger.valueFirstRun.at(value) !== NONE : isThere(judgement, send)
    )
      continue;
    if (ledger.valueSends.at(value) > 1) {
      committed ??= committedByValue(judgement);
      const left = missing.get(value) ?? missingOf(judgement, value, committed[value] as number);
      missing.set(value, left - 1);
      if (left <= 0) continue;
    }
    const key = ledger.sendKey.at(send);
    if (ledger.sendOutcome.at(send) === OK) unread[key] = (unread[key] as number) + 1;
    judgeUnread(judgement, progress, send, key);
  }
  return unread;
}

/** Whether a poll returned the value at the offset that the send was given. */
function isThere({ ledger, logs }: Judgement, send: number): boolean {
  const slot = logs.sendSlot[send] as number;
  const value = ledger.sendValue.at(send);
  if (slot === NONE || logs.run[slot] === NONE) return false;
  return logs.value[slot] === value || logs.disputed.get(slot)?.has(value) === true;
}

function committedByValue({ ledger, logs }: Judgement): Int32Array {
  const committed = int32Column(ledger.values.length);
  for (let send = 0; send < logs.committed.length; send++) {
    if (logs.committed[send] === 1) (committed[ledger.sendValue.at(send)] as number)++;
  }
  return committed;
}

/** Of a value that was sent several times: sends that must have committed, less offsets at which it was polled. */
function missingOf({ ledger, logs }: Judgement, value: number, committed: number): number {
  if (ledger.valueFirstRun.at(value) === NONE) return committed;
  const slots = [...(logs.repeated.get(value) ?? [logs.valueSlot[value] as number])];
  // A poll that does not say where may have found any of them.
  if (slots.includes(NONE)) return 0;
  return (
    committed -
    slots.filter((slot) => {
      const isPolled = logs.run[slot] !== NONE;
      return isPolled && (logs.value[slot] === value || logs.disputed.get(slot)?.has(value) === true);
    }).length
  );
}

function judgeUnread(judgement: Judgement, progress: Progress, send: number, key: number): void {
  const { ledger, logs, findings, options } = judgement;
  const slot = logs.sendSlot[send] as number;
  const highest = progress.highestSlot[key] as number;
  const isPolicyBlind =
    slot === NONE && ((ledger.lowWatermark[key] as number) > 0 || logs.compactedKeys.has(key));
  if (isPolicyBlind || (slot !== NONE && logs.gone[slot] === 1)) return;
  if (slot !== NONE && slot <= highest) {
    if ((logs.offsets[slot] as number) < (progress.start[key] as number)) return;
    const poll = progress.highestBy[key] as number;
    findings.add('lost-write', () => ({
      explanation:
        `${judgement.send(send)} ${whyCommitted(judgement, send)}was never polled, though operation ${poll} polled ` +
        `${judgement.slot(highest)} of ${judgement.key(key)}.`,
      operations: witnesses(...judgement.operationsOfSend(send), judgement.invocationOf(poll), poll),
      picture: judgement.draw({
        key,
        slots: [slot, highest],
        sends: [ledger.sendOperation.at(send)],
        polls: [poll],
        wrong: [slot],
      }),
    }));
    return;
  }
  const acknowledged = ledger.completionOf(send)?.index;
  if (ledger.sendOutcome.at(send) !== OK || acknowledged === undefined) return;
  const quietSince = progress.quietSince[key] as number;
  if (!options.finalPolls && quietSince < acknowledged) return;
  findings.add('unseen', () => ({
    explanation:
      `${judgement.send(send)} was never polled, ` +
      (quietSince < acknowledged
        ? 'though the run ended with polls until everything was there.'
        : `though a consumer of ${judgement.key(key)} polled again and again from operation ${quietSince} on.`),
    operations: witnesses(
      ...judgement.operationsOfSend(send),
      quietSince < acknowledged ? undefined : quietSince,
    ),
    picture: judgement.draw({
      key,
      slots: [slot === NONE ? highest : slot],
      sends: [ledger.sendOperation.at(send)],
      wrong: [slot],
    }),
  }));
}

function whyCommitted({ ledger }: Judgement, send: number): string {
  if (ledger.sendOutcome.at(send) !== IN_DOUBT) return '';
  return 'but which committed, since what it sent besides was polled, ';
}
