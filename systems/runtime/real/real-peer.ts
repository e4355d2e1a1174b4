/** Where a node really is, as another reaches it. */
export interface PeerAddress {
  readonly host: string;
  /** Of datagrams. */
  readonly port: number;
}

export interface RealPeer extends PeerAddress {
  /**
   * Where a port of the program really is, for nodes that share a host: `{ 7000: 17001 }`. Other ports are as
   * the program says. `port` itself is that of datagrams.
   */
  readonly ports?: Readonly<Record<number, number>>;
}
