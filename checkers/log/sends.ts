/**
 * Judges where sends landed, in the order in which they were made.
 *
 * `realtime-inversion`: below an offset that had been acknowledged or polled before the send was invoked.
 * `nonmonotonic-send`: a process's sends to a partition, one operation after the other, lie in the other order;
 * `send-skip`: others lie between them. With `int-`: the same within one operation.
 */
import type { Operation } from '../../harness/history/operation.ts';
import { witnesses } from './findings.ts';
import type { Judgement } from './judgement.ts';
import { FAILED, NONE } from './ledger.ts';

export function judgeSends(judgement: Judgement): void {
  const { ledger, logs, pace } = judgement;
  const { demandedBefore } = logs;
  /** Of each process and partition, the last send that landed somewhere. */
  const last: Map<number, number>[] = [];
  for (let send = 0; send < ledger.sendOperation.length; send++) {
    if (pace.spend(1)) return;
    const slot = logs.sendSlot[send] as number;
    if (slot === NONE || ledger.sendOutcome.at(send) === FAILED) continue;
    if ((logs.offsets[slot] as number) < ledger.sendBound.at(send)) tellInversion(judgement, send, slot);
    const lastOfProcess = (last[ledger.sendProcess.at(send)] ??= new Map<number, number>());
    const key = ledger.sendKey.at(send);
    const before = lastOfProcess.get(key);
    lastOfProcess.set(key, send);
    if (before === undefined) continue;
    const slotBefore = logs.sendSlot[before] as number;
    const isInternal = ledger.sendOperation.at(before) === ledger.sendOperation.at(send);
    if (slot < slotBefore) tellNonmonotonic(judgement, before, send, isInternal);
    else if (slot > slotBefore + 1) {
      const between = (demandedBefore[slot] as number) - (demandedBefore[slotBefore + 1] as number);
      if (between > 0) tellSkip(judgement, before, send, isInternal, between);
    }
  }
}

function tellInversion(judgement: Judgement, send: number, slot: number): void {
  const { ledger, findings } = judgement;
  findings.add('realtime-inversion', () => {
    const key = ledger.sendKey.at(send);
    const bound = ledger.sendBound.at(send);
    const shownBy = ledger.sendBoundOperation.at(send);
    const invocation = judgement.invocationOf(shownBy);
    const value = judgement.value(ledger.sendValue.at(send));
    return {
      explanation:
        `${value} was sent to ${judgement.key(key)} in operation ${ledger.sendOperation.at(send)}, after operation ` +
        `${shownBy} had shown that offset ${bound} was taken, and is at the lower ${judgement.slot(slot)}.`,
      operations: witnesses(...judgement.operationsOfSend(send), invocation, shownBy),
      picture: judgement.draw({
        key,
        slots: [slot, judgement.logs.slotFrom(key, bound)],
        sends: [ledger.sendOperation.at(send), invocation ?? NONE],
        polls: [shownBy],
        wrong: [slot],
      }),
    };
  });
}

function tellNonmonotonic(judgement: Judgement, before: number, send: number, isInternal: boolean): void {
  judgement.findings.add(isInternal ? 'int-nonmonotonic-send' : 'nonmonotonic-send', () =>
    tellPair(judgement, before, send, isInternal, 'though it was sent later'),
  );
}

function tellSkip(
  judgement: Judgement,
  before: number,
  send: number,
  isInternal: boolean,
  between: number,
): void {
  judgement.findings.add(isInternal ? 'int-send-skip' : 'send-skip', () =>
    tellPair(judgement, before, send, isInternal, `with ${between} of others between them`),
  );
}

function tellPair(judgement: Judgement, before: number, send: number, isInternal: boolean, end: string) {
  const { ledger, logs } = judgement;
  const operation = ledger.sendOperation.at(send);
  const { process } = ledger.history.operations[operation] as Operation;
  const who = isInternal ? `Operation ${operation}` : `Process ${process}`;
  const at = (row: number): string =>
    `${judgement.value(ledger.sendValue.at(row))} (operation ${ledger.sendOperation.at(row)}) at ` +
    judgement.slot(logs.sendSlot[row] as number);
  return {
    explanation: `${who} sent ${at(before)} of ${judgement.key(ledger.sendKey.at(send))} and then ${at(send)}, ${end}.`,
    operations: witnesses(...judgement.operationsOfSend(before), ...judgement.operationsOfSend(send)),
    picture: judgement.draw({
      key: ledger.sendKey.at(send),
      slots: [logs.sendSlot[before] as number, logs.sendSlot[send] as number],
      sends: [ledger.sendOperation.at(before), operation],
      wrong: [logs.sendSlot[send] as number],
    }),
  };
}
