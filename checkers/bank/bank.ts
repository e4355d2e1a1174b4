/**
 * Judges a bank: transfers move money between accounts, so every read of all accounts shows the same total.
 *
 *     transfer {from: 0, to: 1, amount: 5} · read → {0: 45, 1: 55}: fine, of 100 · read → {0: 45, 1: 50}: a wrong total
 *
 * That is a consequence of snapshot isolation, and takes one pass. It does not follow single transfers: a transfer that
 * is lost whole, or made twice, passes (the transaction checkers find that, given a history of reads and writes).
 *
 * Without `total` it takes the most frequent total of all reads; without `accounts` those of the first read and of all
 * transfers. Where it deduces, the statistics say so. A bank for each key. Where no transfer can have happened, or the total
 * is deduced from one read, nothing is proven.
 *
 * Anomalies: `wrong-total`, `negative-value` (unless `negativeBalances`), `nil-balance`, `unexpected-key` (no account),
 * `malformed-read`. An account that a read does not show counts as 0, as where empty accounts are deleted.
 */
import type { Checker } from '../checker.ts';
import { Series } from '../findings/figures.ts';
import { Findings, indexesOf, type Key, show } from '../findings/findings.ts';
import { Pace } from '../findings/pace.ts';
import { balancesOf, type Bank, type BankRead, collectBanks } from './collect-banks.ts';

const NAME = 'bank';
const NS_PER_S = 1e9;

export interface BankOptions {
  /** What all accounts together always hold. */
  readonly total?: number;
  readonly accounts?: readonly (string | number)[];
  /** Accounts may be overdrawn. */
  readonly negativeBalances?: boolean;
}

type Told = {
  readonly operation: number;
  readonly timeNs: number;
  readonly total: number;
};

/** What the statistics tell of all banks together. */
interface Figures {
  reads: number;
  transfers: number;
  /** Reads that could have been wrong. */
  compared: number;
  errors: number;
  lowest: number;
  highest: number;
  first: Told | null;
  /** Farthest from what it should be. */
  worst: (Told & { readonly deviation: number }) | null;
  readonly deduced: string[];
  readonly totals: Series<{ readonly timeNs: number; readonly total: number }>;
}

const DEDUCED_TOLD_MAX = 10;

export function bank(options: BankOptions = {}): Checker {
  return {
    name: NAME,
    check: (input) => {
      const findings = new Findings();
      const pace = new Pace(input, input.history.length);
      const banks = collectBanks(input.history, findings, pace);
      const figures: Figures = {
        ...{
          reads: 0,
          transfers: 0,
          compared: 0,
          errors: 0,
          lowest: Infinity,
          highest: -Infinity,
          first: null,
          worst: null,
        },
        ...{ deduced: [], totals: new Series() },
      };
      for (const [key, one] of banks) {
        if (pace.spend(one.reads.length)) break;
        judgeBank(key, one, options, figures, findings);
      }
      const { lowest, highest, deduced, totals, ...counts } = figures;
      return findings.conclude(NAME, {
        statistics: {
          banks: banks.size,
          ...counts,
          lowest: Number.isFinite(lowest) ? lowest : null,
          highest: Number.isFinite(highest) ? highest : null,
          deduced: deduced.slice(0, DEDUCED_TOLD_MAX),
          totals: totals.points,
        },
        unknownBecause: pace.reason ?? vacuity(figures),
      });
    },
  };
}

function vacuity({ reads, transfers, compared }: Figures): string | undefined {
  if (reads === 0) {
    return 'no read of the accounts completed, so nothing was judged: run longer, or with fewer faults';
  }
  if (transfers === 0) {
    return 'no transfer can have happened, so the total could not change: run longer, or with fewer faults';
  }
  if (compared > 0) return undefined;
  return 'the total is known from one read only, so nothing was judged: run longer, or set the option total';
}

function judgeBank(
  key: Key,
  { name, reads, inTransfers, transfers }: Bank,
  options: BankOptions,
  figures: Figures,
  findings: Findings,
): void {
  figures.transfers += transfers;
  const [firstRead] = reads;
  if (firstRead === undefined) return;
  const of = key === undefined ? '' : ` of ${name}`;
  let total = options.total;
  if (total === undefined) {
    const { value, count } = mostFrequentTotal(reads);
    total = value;
    figures.deduced.push(`the total${of} is ${total}, as ${count} of ${reads.length} reads show it`);
  }
  let accounts: ReadonlySet<string>;
  if (options.accounts !== undefined) {
    accounts = new Set(options.accounts.map(String));
  } else {
    accounts = new Set([...Object.keys(balancesOf(firstRead)), ...inTransfers]);
    figures.deduced.push(
      `there are ${accounts.size} accounts${of}, as operation ${firstRead.completion.index} and the transfers name them`,
    );
  }
  figures.reads += reads.length;
  if (options.total !== undefined || reads.length > 1) figures.compared += reads.length;
  for (const read of reads) {
    figures.totals.add({ timeNs: read.completion.time, total: read.total });
    figures.lowest = Math.min(figures.lowest, read.total);
    figures.highest = Math.max(figures.highest, read.total);
    if (judgeRead(read, name, total, accounts, options, figures, findings)) continue;
    figures.errors++;
    figures.first ??= told(read);
  }
}

const told = ({ completion, total }: BankRead): Told => ({
  operation: completion.index,
  timeNs: completion.time,
  total,
});

/** @returns whether nothing is wrong with it */
function judgeRead(
  read: BankRead,
  name: string,
  total: number,
  accounts: ReadonlySet<string>,
  { negativeBalances = false }: BankOptions,
  figures: Figures,
  findings: Findings,
): boolean {
  const { invocation, completion } = read;
  const where = `The read of ${name} in operation ${completion.index}`;
  const report = (anomaly: string, what: string): false => {
    findings.add(anomaly, () => ({
      explanation: `${where} ${what}, ${(completion.time / NS_PER_S).toFixed(3)} s into the run.`,
      operations: indexesOf(invocation, completion),
      evidence: { read: completion.value, total: read.total },
    }));
    return false;
  };
  const accountsWhere = (isSo: (account: string, balance: number | null) => boolean): string[] =>
    Object.entries(balancesOf(read))
      .filter(([account, balance]) => isSo(account, balance))
      .map(([account]) => account);

  const strangers = accountsWhere((account) => !accounts.has(account));
  if (strangers.length > 0)
    return report('unexpected-key', `shows ${show(strangers)}, which are no accounts`);
  const nils = accountsWhere((_, balance) => balance === null);
  if (nils.length > 0) return report('nil-balance', `shows no balance of ${show(nils)}`);
  let isRight = true;
  if (read.total !== total) {
    const deviation = read.total - total;
    if (Math.abs(deviation) > Math.abs(figures.worst?.deviation ?? 0))
      figures.worst = { ...told(read), deviation };
    isRight = report(
      'wrong-total',
      `shows ${read.total} in all, ${Math.abs(deviation)} ${deviation < 0 ? 'less' : 'more'} than the ${total} that there are`,
    );
  }
  const overdrawn = negativeBalances ? [] : accountsWhere((_, balance) => (balance ?? 0) < 0);
  if (overdrawn.length > 0) {
    isRight = report('negative-value', `shows ${show(overdrawn)} overdrawn, ${show(completion.value)}`);
  }
  return isRight;
}

/** The first of those that are equally frequent. */
function mostFrequentTotal(reads: readonly BankRead[]): { readonly value: number; readonly count: number } {
  const counts = new Map<number, number>();
  for (const { total } of reads) counts.set(total, (counts.get(total) ?? 0) + 1);
  let best = { value: 0, count: 0 };
  for (const [value, count] of counts) if (count > best.count) best = { value, count };
  return best;
}
