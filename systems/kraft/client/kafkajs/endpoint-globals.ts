/**
 * Node's globals for code that does not know the Endpoint: timers, dates, random numbers and `process`, all made from it.
 *
 *     const globals = new EndpointGlobals(endpoint);
 *     loadPackage('kafkajs', { globals: globals.byName, modules: … });
 *     globals.dispose(); // no timer fires any more
 *
 * Only what kafkajs uses is there. Microtasks are Node's own: their order is a function of the code.
 */
import { msToNs } from '../../../../harness/units.ts';
import type { Endpoint, Timer } from '../../../runtime/runtime.ts';

const NS_PER_S = 1e9;

/** What `setTimeout` returns. */
class TimerHandle {
  timer: Timer | null = null;
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
}

type Callback = (...values: readonly unknown[]) => void;

export class EndpointGlobals {
  private readonly endpoint: Endpoint;
  private readonly handles = new Set<TimerHandle>();
  private disposed = false;
  readonly byName: { readonly [name: string]: unknown };

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    const clear = (handle: unknown): void => this.clear(handle);
    this.byName = {
      setTimeout: (callback: Callback, delayMs?: number, ...values: readonly unknown[]) =>
        this.start(callback, delayMs, values, false),
      setInterval: (callback: Callback, delayMs?: number, ...values: readonly unknown[]) =>
        this.start(callback, delayMs, values, true),
      setImmediate: (callback: Callback, ...values: readonly unknown[]) =>
        this.start(callback, 0, values, false),
      clearTimeout: clear,
      clearInterval: clear,
      clearImmediate: clear,
      Date: dateOf(endpoint),
      Math: mathOf(endpoint),
      process: this.process(),
    };
  }

  dispose(): void {
    this.disposed = true;
    for (const handle of [...this.handles]) this.clear(handle);
  }

  private start(
    callback: Callback,
    delayMs: number | undefined,
    values: readonly unknown[],
    repeats: boolean,
  ): TimerHandle {
    const handle = new TimerHandle();
    // As Node.js does: what is no delay is one millisecond.
    const wholeMs = Math.trunc(Number(delayMs ?? 0));
    const delayNs = msToNs(wholeMs >= 1 ? wholeMs : 1);
    const arm = (): void => {
      if (this.disposed) return;
      this.handles.add(handle);
      handle.timer = this.endpoint.setTimer(delayNs, () => {
        this.handles.delete(handle);
        handle.timer = null;
        if (repeats) arm();
        callback(...values);
      });
    };
    arm();
    return handle;
  }

  private clear(handle: unknown): void {
    if (!(handle instanceof TimerHandle)) return;
    handle.timer?.cancel();
    handle.timer = null;
    this.handles.delete(handle);
  }

  private process(): unknown {
    const hrtime = (since?: readonly [number, number]): [number, number] => {
      const now = this.endpoint.monotonicNs();
      const passed = since === undefined ? now : now - (since[0] * NS_PER_S + since[1]);
      return [Math.floor(passed / NS_PER_S), Math.round(passed % NS_PER_S)];
    };
    return {
      // Nothing of the environment that this process runs in.
      env: { KAFKAJS_NO_PARTITIONER_WARNING: '1' },
      hrtime,
      nextTick: (callback: Callback, ...values: readonly unknown[]) => {
        void Promise.resolve().then(() => callback(...values));
      },
    };
  }
}

/** The wall clock of the endpoint; everything else as it is. */
function dateOf(endpoint: Endpoint): DateConstructor {
  const now = (): number => Math.floor(endpoint.wallMs());
  class EndpointDate extends Date {
    constructor(...values: readonly unknown[]) {
      if (values.length === 0) super(now());
      else super(...(values as [number]));
    }
    static override now(): number {
      return now();
    }
  }
  return EndpointDate as unknown as DateConstructor;
}

function mathOf(endpoint: Endpoint): Math {
  const math = Object.create(null, Object.getOwnPropertyDescriptors(Math)) as Math;
  math.random = () => endpoint.random.float();
  return math;
}
