/**
 * What the messages of a system say, for people: on arrows of a diagram. Nobody judges by it.
 *
 *     const describe = system.describeMessages?.();
 *     describe?.({ bytes, from: 'n1', to: 'n2', connection: null, isAnswer: false })   // { text: 'vote? term 3' }
 */

/** What a program sent at once: a datagram, or a write to a connection. */
export interface SentMessage {
  readonly bytes: Uint8Array;
  /** Names of nodes, or of clients' machines: `client-7`. */
  readonly from: string;
  readonly to: string;
  /** Which, of all in the run; null: a datagram. */
  readonly connection: number | null;
  /** It goes to the side that made the connection. */
  readonly isAnswer: boolean;
}

export interface MessageText {
  readonly text: string;
  /** It says nothing new, such as a heartbeat: a diagram may leave it out. */
  readonly isRoutine?: boolean;
}

/** Called for every message of a run in the order in which they were sent; may keep what it saw. Null: it does not know. */
export type DescribeMessage = (message: SentMessage) => MessageText | null;
