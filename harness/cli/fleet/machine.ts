/**
 * Who may use the machine: simulated runs side by side, as many as it has room for; a run in real time alone.
 *
 *     const machine = new Machine(4);
 *     await machine.share(() => pool.run(job));
 *     await machine.own(() => pool.run(job));      // waits for the others, and keeps new ones waiting
 */
export class Machine {
  readonly #room: number;
  readonly #sharing = new Set<Promise<unknown>>();
  #owner: Promise<unknown> | null = null;

  /** @param room - how many share it at once */
  constructor(room: number) {
    this.#room = room;
  }

  async share<T>(action: () => Promise<T>): Promise<T> {
    while (this.#owner !== null || this.#sharing.size >= this.#room)
      await settled(this.#owner ?? Promise.race(this.#sharing));
    const running = action();
    this.#sharing.add(running);
    try {
      return await running;
    } finally {
      this.#sharing.delete(running);
    }
  }

  async own<T>(action: () => Promise<T>): Promise<T> {
    while (this.#owner !== null) await settled(this.#owner);
    const running = Promise.all([...this.#sharing].map(settled)).then(action);
    this.#owner = running;
    try {
      return await running;
    } finally {
      this.#owner = null;
    }
  }
}

const settled = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => undefined);
