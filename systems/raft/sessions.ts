/**
 * Client sessions: what makes a retried command take effect once (dissertation, 6.3). They are part of the replicated
 * state: registered by the log, expired by the log (when there are too many, the one whose last activity is the
 * oldest *index*), contained in snapshots and in the state hash.
 *
 *     sessions.register(7, 7);
 *     sessions.find(7)?.lastSequence; // 0: no command yet
 */
import type { Reader, Writer } from './bytes.ts';
import { MalformedError } from './bytes.ts';
import { mix } from './hash.ts';

export interface Session {
  /** The index of the entry that registered it. */
  readonly id: number;
  /** Of its last applied command; 0 before the first. */
  lastSequence: number;
  /** The stored reply: a result code, and where the command stands in the log. */
  code: number;
  index: number;
  term: number;
  /** The index of its last entry. */
  lastActiveIndex: number;
}

export class Sessions {
  private readonly byId = new Map<number, Session>();
  private readonly maxSessions: number;

  constructor(maxSessions: number) {
    this.maxSessions = maxSessions;
  }

  get count(): number {
    return this.byId.size;
  }

  find(id: number): Session | undefined {
    return this.byId.get(id);
  }

  register(index: number): void {
    if (this.byId.size >= this.maxSessions) this.expireOldest();
    this.byId.set(index, { id: index, lastSequence: 0, code: 0, index: 0, term: 0, lastActiveIndex: index });
  }

  private expireOldest(): void {
    let oldest: Session | undefined;
    for (const session of this.byId.values()) {
      if (oldest === undefined || session.lastActiveIndex < oldest.lastActiveIndex) oldest = session;
    }
    if (oldest !== undefined) this.byId.delete(oldest.id);
  }

  /** A sum over the sessions, so that their order does not matter. */
  hash(): number {
    let sum = 0;
    for (const session of this.byId.values()) {
      let hash = mix(0x5e551045, session.id);
      hash = mix(mix(hash, session.lastSequence), session.code);
      hash = mix(mix(hash, session.index), session.lastActiveIndex);
      sum = (sum + hash) >>> 0;
    }
    return sum;
  }

  write(writer: Writer): void {
    writer.varint(this.byId.size);
    // In the order of registration, the same on every node.
    for (const session of this.byId.values()) {
      writer.varint(session.id);
      writer.varint(session.lastSequence);
      writer.varint(session.code);
      writer.varint(session.index);
      writer.varint(session.term);
      writer.varint(session.lastActiveIndex);
    }
  }

  /** @throws MalformedError */
  static read(reader: Reader, maxSessions: number): Sessions {
    const sessions = new Sessions(maxSessions);
    const count = reader.varint();
    if (count > reader.remaining) throw new MalformedError(`${count} sessions in ${reader.remaining} bytes`);
    for (let i = 0; i < count; i++) {
      const session: Session = {
        id: reader.varint(),
        lastSequence: reader.varint(),
        code: reader.varint(),
        index: reader.varint(),
        term: reader.varint(),
        lastActiveIndex: reader.varint(),
      };
      sessions.byId.set(session.id, session);
    }
    return sessions;
  }
}
