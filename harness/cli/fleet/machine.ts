/**
 * Who may use the machine: simulated runs side by side, a run in real time alone.
 *
 *     const machine = new Machine();
 *     await machine.share(() => pool.run(job));
 *     await machine.own(() => pool.run(job));      // waits for the others, and keeps new ones waiting
 */
export class Machine {
  #sharing = new Set<Promise<unknown>>();
  #owner: Promise<unknown> | null = null;

  async share<T>(action: () => Promise<T>): Promise<T> {
    while (this.#owner !== null) await settled(this.#owner);
    const running = action();
    this.#sharing.add(running);
    return running.finally(() => this.#sharing.delete(running));
  }

  async own<T>(action: () => Promise<T>): Promise<T> {
    while (this.#owner !== null) await settled(this.#owner);
    const others = [...this.#sharing].map(settled);
    const running = Promise.all(others).then(action);
    this.#owner = running;
    return running.finally(() => (this.#owner = null));
  }
}

const settled = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => undefined);
