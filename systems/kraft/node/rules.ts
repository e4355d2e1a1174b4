/**
 * The rules of all parts of a node, with named bugs.
 *
 *     nodeRulesWith(['no-check-quorum']).quorum.keepsQuorum(1e9, 0) // true
 *
 * A bug is in one part, or in several under one name: each replaces what it has of that name.
 */
import { closest } from 'fastest-levenshtein';
import { HarnessError } from '../../../harness/errors.ts';
import { GROUP_BUGS, groupRulesWith } from '../broker/groups/bugs.ts';
import type { GroupRules } from '../broker/groups/rules.ts';
import { PARTITION_BUGS, partitionRulesWith } from '../broker/partition/bugs.ts';
import type { Rules as PartitionRules } from '../broker/partition/rules.ts';
import { TRANSACTION_BUGS, transactionRulesWith } from '../broker/transactions/bugs.ts';
import type { TransactionRules } from '../broker/transactions/rules.ts';
import { CONTROLLER_BUGS, controllerRulesWith } from '../controller/bugs.ts';
import type { Rules as ControllerRules } from '../controller/rules.ts';
import { QUORUM_BUGS, quorumRulesWith } from '../quorum/bugs.ts';
import type { Rules as QuorumRules } from '../quorum/rules.ts';

export interface NodeRules {
  readonly quorum: QuorumRules;
  readonly controller: ControllerRules;
  readonly partition: PartitionRules;
  readonly groups: GroupRules;
  readonly transactions: TransactionRules;
}

const NAMES = [QUORUM_BUGS, CONTROLLER_BUGS, PARTITION_BUGS, GROUP_BUGS, TRANSACTION_BUGS].map((bugs) =>
  bugs.map(({ name }) => name),
);
const [OF_QUORUM, OF_CONTROLLER, OF_PARTITION, OF_GROUPS, OF_TRANSACTIONS] = NAMES as [
  string[],
  string[],
  string[],
  string[],
  string[],
];

/** @throws HarnessError `unknown-name` with the nearest name */
export function nodeRulesWith(names: readonly string[]): NodeRules {
  const known = NAMES.flat();
  for (const name of names) {
    if (!known.includes(name)) {
      throw new HarnessError(
        'unknown-name',
        `a kraft node has no bug ${name}; did you mean ${closest(name, known)}?`,
      );
    }
  }
  const among = (part: readonly string[]): string[] => names.filter((name) => part.includes(name));
  return {
    quorum: quorumRulesWith(among(OF_QUORUM)),
    controller: controllerRulesWith(among(OF_CONTROLLER)),
    partition: partitionRulesWith(among(OF_PARTITION)),
    groups: groupRulesWith(among(OF_GROUPS)),
    transactions: transactionRulesWith(among(OF_TRANSACTIONS)),
  };
}
