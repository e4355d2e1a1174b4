/**
 * What a group may have committed for one partition, as far as its clients were told: the commits in the order of the log.
 *
 *     const model = new CommittedModel();
 *     const commit = model.begin(null); commit.isAcknowledged = true;
 *     model.problem(-1); // 'offset 1 was acknowledged, and -1 is fetched'
 *
 * Every offset is another number, so that what is fetched says which commit it is.
 */

export interface ModelCommit {
  readonly offset: number;
  /** Of the transaction, or null. */
  readonly producerId: number | null;
  isAcknowledged: boolean;
  fate: 'plain' | 'open' | 'committed' | 'aborted';
}

export class CommittedModel {
  private readonly commits: ModelCommit[] = [];

  begin(producerId: number | null): ModelCommit {
    const fate = producerId === null ? 'plain' : 'open';
    const commit: ModelCommit = { offset: this.commits.length + 1, producerId, isAcknowledged: false, fate };
    this.commits.push(commit);
    return commit;
  }

  end(producerId: number, fate: 'committed' | 'aborted'): void {
    for (const commit of this.commits) {
      if (commit.producerId === producerId && commit.fate === 'open') commit.fate = fate;
    }
  }

  /** Why a member that wants stable offsets cannot be told this, or null. @param isTold - not to wait */
  stableProblem(isTold: boolean): string | null {
    const open = this.commits.filter(({ fate }) => fate === 'open');
    if (!isTold) return open.length === 0 ? 'to wait, and no transaction is open' : null;
    const pending = open.find(({ isAcknowledged }) => isAcknowledged);
    return pending === undefined ? null : `no wait, and offset ${pending.offset} is undecided`;
  }

  /** Why this cannot be what is fetched, or null. @param offset - −1: nothing */
  problem(offset: number): string | null {
    const promised = this.commits.findLast(
      ({ isAcknowledged, fate }) => isAcknowledged && (fate === 'plain' || fate === 'committed'),
    );
    if (promised !== undefined && offset < promised.offset) {
      return `offset ${promised.offset} was acknowledged, and ${offset} is fetched`;
    }
    const found = this.commits[offset - 1];
    if (found === undefined && offset !== -1) return `offset ${offset} is fetched, and nobody committed it`;
    if (found?.fate === 'open') return `offset ${offset} of an open transaction is fetched`;
    if (found?.fate === 'aborted') return `offset ${offset} of an aborted transaction is fetched`;
    return null;
  }
}
