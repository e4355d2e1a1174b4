/**
 * How many connections a node takes from its clients, over all listeners that share a quota.
 *
 *     const quota = new ConnectionQuota({ max: 1000, maxPerHost: 10 });
 *     quota.take('10.0.0.1');     // null, or why there is no room
 *     quota.release('10.0.0.1');
 */

export interface ConnectionQuotaOptions {
  /** `max.connections`. */
  readonly max: number;
  /** `max.connections.per.ip`. */
  readonly maxPerHost: number;
}

export class ConnectionQuota {
  private readonly options: ConnectionQuotaOptions;
  private readonly byHost = new Map<string, number>();
  private taken = 0;

  constructor(options: ConnectionQuotaOptions) {
    this.options = options;
  }

  /** @returns null when it is taken, or the reason why it is not */
  take(host: string): string | null {
    const { max, maxPerHost } = this.options;
    const ofHost = this.byHost.get(host) ?? 0;
    if (this.taken >= max) return `there are ${max} already (max.connections)`;
    if (ofHost >= maxPerHost) return `${host} has ${maxPerHost} already (max.connections.per.ip)`;
    this.taken++;
    this.byHost.set(host, ofHost + 1);
    return null;
  }

  /** Once for each that was taken. */
  release(host: string): void {
    const ofHost = this.byHost.get(host) ?? 0;
    this.taken--;
    if (ofHost > 1) this.byHost.set(host, ofHost - 1);
    else this.byHost.delete(host);
  }
}
