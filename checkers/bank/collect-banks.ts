/** Banks as a history tells of them: reads of all balances, and who takes part in transfers, key by key. */
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import { type Findings, indexesOf, isMap, type Key, nameOf, show } from '../findings/findings.ts';
import type { Pace } from '../findings/pace.ts';

export interface BankRead {
  readonly invocation: Operation;
  readonly completion: Operation;
  /** Of all balances that are there. */
  readonly total: number;
}

export interface Bank {
  readonly name: string;
  readonly inTransfers: Set<string>;
  /** Those that may have happened. */
  transfers: number;
  readonly reads: BankRead[];
}

/** @throws HarnessError `bad-history` at an operation that no bank has */
export function collectBanks(history: History, findings: Findings, pace: Pace): ReadonlyMap<Key, Bank> {
  const banks = new Map<Key, Bank>();
  for (const operation of history.operations) {
    if (operation.process === 'nemesis') continue;
    if (pace.spend(1)) break;
    const { index, type, f } = operation;
    const invocation = type === 'invoke' ? operation : history.invocationOf(index);
    if (invocation === undefined) continue;
    let bank = banks.get(invocation.key);
    if (bank === undefined) {
      bank = {
        name: nameOf(invocation.key, 'the accounts'),
        inTransfers: new Set(),
        transfers: 0,
        reads: [],
      };
      banks.set(invocation.key, bank);
    }
    if (f === 'transfer') {
      if (type === 'invoke') {
        collectTransfer(bank, operation);
        if (history.completionOf(index)?.type !== 'fail') bank.transfers++;
      }
    } else if (f !== 'read') {
      throw new HarnessError('bad-history', `operation ${index}: a bank has read and transfer, no ${f}`);
    } else if (type === 'ok') {
      const read = readOf(invocation, operation);
      if (read !== undefined) bank.reads.push(read);
      else {
        findings.add('malformed-read', () => ({
          explanation: `The read of ${bank.name} in operation ${index} returned ${show(operation.value)}, which are no balances.`,
          operations: indexesOf(invocation, operation),
        }));
      }
    }
  }
  return banks;
}

function collectTransfer({ inTransfers }: Bank, { index, value }: Operation): void {
  const isAccount = (account: Json | undefined): account is string | number =>
    typeof account === 'string' || typeof account === 'number';
  if (isMap(value) && isAccount(value['from']) && isAccount(value['to'])) {
    inTransfers.add(String(value['from']));
    inTransfers.add(String(value['to']));
    return;
  }
  throw new HarnessError(
    'bad-history',
    `operation ${index}: a transfer wants {from, to, amount}, not ${show(value)}`,
  );
}

/** By account; null where the system showed none. */
export const balancesOf = ({ completion }: BankRead): { readonly [account: string]: number | null } =>
  completion.value as { readonly [account: string]: number | null };

/** Undefined when it is none. */
function readOf(invocation: Operation, completion: Operation): BankRead | undefined {
  if (!isMap(completion.value)) return undefined;
  let total = 0;
  for (const account in completion.value) {
    const balance = completion.value[account] as Json;
    if (balance !== null && typeof balance !== 'number') return undefined;
    if (balance !== null && !Number.isSafeInteger(balance)) {
      // Sums of fractions depend on the order of the summands.
      throw new HarnessError(
        'bad-history',
        `operation ${completion.index}: the balance ${balance} of ${account} is no whole number below 2⁵³: count in the smallest unit`,
      );
    }
    total += balance ?? 0;
  }
  return { invocation, completion, total };
}
