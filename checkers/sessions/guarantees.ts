/**
 * The four session guarantees (Terry and others, 1994), and the account that is kept of each.
 *
 * - read your writes: a session's read shows its earlier writes, or what is newer;
 * - monotonic reads: a session's read shows what its earlier reads showed, or what is newer;
 * - monotonic writes: a session's writes are ordered as it made them;
 * - writes follow reads: a session's write is ordered after what the session had read.
 *
 * An *obligation* is one occasion to keep or break a guarantee. It is *decided* when it is known which of the two versions is
 * the newer one, whoever looks.
 */
import type { Operation } from '../../harness/history/operation.ts';
import { type Findings, indexesOf } from '../findings/findings.ts';

export const GUARANTEES = [
  'read-your-writes',
  'monotonic-reads',
  'monotonic-writes',
  'writes-follow-reads',
] as const;

export type Guarantee = (typeof GUARANTEES)[number];

interface Account {
  obligations: number;
  decided: number;
  violations: number;
  /** Part of orders that cannot be, of which nobody can say which guarantee was broken. */
  suspicions: number;
}

export class Accounts {
  readonly judged: readonly Guarantee[];
  readonly findings: Findings;
  readonly #accounts: Readonly<Record<Guarantee, Account>>;

  constructor(judged: readonly Guarantee[], findings: Findings) {
    this.judged = judged;
    this.findings = findings;
    const none = (): Account => ({ obligations: 0, decided: 0, violations: 0, suspicions: 0 });
    this.#accounts = {
      'read-your-writes': none(),
      'monotonic-reads': none(),
      'monotonic-writes': none(),
      'writes-follow-reads': none(),
    };
  }

  isJudged(guarantee: Guarantee): boolean {
    return this.judged.includes(guarantee);
  }

  oblige(guarantee: Guarantee, isDecided: boolean): void {
    const account = this.#accounts[guarantee];
    account.obligations++;
    if (isDecided) account.decided++;
  }

  suspect(guarantee: Guarantee): void {
    this.#accounts[guarantee].suspicions++;
  }

  violate(
    guarantee: Guarantee,
    key: string,
    sessions: readonly number[],
    explanation: () => string,
    operations: readonly (Operation | undefined)[],
  ): void {
    if (!this.isJudged(guarantee)) return;
    this.#accounts[guarantee].violations++;
    this.findings.add(guarantee, () => ({
      explanation: explanation(),
      operations: indexesOf(...operations),
      evidence: { key, sessions },
      picture: {
        kind: 'timeline',
        operations: indexesOf(...operations.filter((operation) => operation?.type === 'invoke')),
      },
    }));
  }

  /** True, false, or unknown with the reason. */
  status(guarantee: Guarantee): { readonly valid: boolean | 'unknown'; readonly reason?: string } {
    const { obligations, decided, violations, suspicions } = this.#accounts[guarantee];
    if (violations > 0) return { valid: false };
    if (obligations === 0) return { valid: 'unknown', reason: 'no session had an occasion to lose it' };
    if (suspicions > 0) return { valid: 'unknown', reason: 'either it or another guarantee was lost' };
    if (decided === 0) return { valid: 'unknown', reason: 'nothing tells which version is the newer one' };
    return { valid: true };
  }

  toJson() {
    return Object.fromEntries(
      this.judged.map((guarantee) => {
        const { suspicions: _, ...counts } = this.#accounts[guarantee];
        return [guarantee, { ...this.status(guarantee), ...counts }];
      }),
    );
  }
}
