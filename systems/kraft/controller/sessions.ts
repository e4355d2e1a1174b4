/**
 * When brokers were heard last. Only the active controller knows; a new one gives everybody a whole session to be heard.
 *
 *     sessions.touch(nowMs, 2, 117);   // broker 2 has replayed up to offset 117
 */
export interface Session {
  lastContactMs: number;
  /** How far the broker has replayed the metadata log, as it said last; −1 before it said so. */
  metadataOffset: number;
  /** What all others must have replayed before it may go; −1 when it does not want to. */
  controlledShutdownOffset: number;
}

export class Sessions {
  private readonly byBroker = new Map<number, Session>();

  get(broker: number): Session | undefined {
    return this.byBroker.get(broker);
  }

  /** A session that begins now. */
  begin(nowMs: number, broker: number): void {
    this.byBroker.set(broker, { lastContactMs: nowMs, metadataOffset: -1, controlledShutdownOffset: -1 });
  }

  touch(nowMs: number, broker: number, metadataOffset: number): void {
    const session = this.byBroker.get(broker);
    if (session === undefined) return;
    session.lastContactMs = nowMs;
    session.metadataOffset = metadataOffset;
  }

  end(broker: number): void {
    this.byBroker.delete(broker);
  }
}
