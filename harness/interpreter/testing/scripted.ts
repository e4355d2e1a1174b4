/**
 * Clients and a nemesis that do as the operation says, for the tests of the interpreter: the function's name is what
 * becomes of it (`ok`, `fail`, `info`, `hang`, `crash`, …), its value how long that takes, in milliseconds.
 */
import type { Clock } from '../../cluster/cluster.ts';
import { AssertionError } from '../../errors.ts';
import type { FaultEffect } from '../../history/operation.ts';
import { msToNs } from '../../units.ts';
import type { Client, Completion, Invocation } from '../client.ts';

const DEFAULT_LATENCY_MS = 10;

function latencyNs(invocation: Invocation): number {
  return msToNs(typeof invocation.value === 'number' ? invocation.value : DEFAULT_LATENCY_MS);
}

/** Replies that break the contract, by function. */
const MALFORMED: Readonly<Record<string, unknown>> = {
  'no-reply': undefined,
  'odd-type': { type: 'maybe' },
  'odd-value': { type: 'ok', value: () => 1 },
  'odd-error': { type: 'fail', error: 'refused' },
  'odd-position': { type: 'ok', position: { index: 'first' } },
  'ok-with-error': { type: 'ok', error: { code: 'none' } },
};

export class ScriptedClient implements Client {
  readonly #clock: Clock;
  readonly #onClose: () => void;
  #closed = false;

  constructor(clock: Clock, onClose: () => void) {
    this.#clock = clock;
    this.#onClose = onClose;
  }

  // Not async: `throw` must throw before there is a promise.
  invoke(invocation: Invocation): Promise<Completion> {
    if (this.#closed) throw new Error('invoked after it was closed');
    if (invocation.f === 'throw') throw new Error('thrown at once');
    return this.#answer(invocation);
  }

  async #answer(invocation: Invocation): Promise<Completion> {
    const { f, value } = invocation;
    if (f in MALFORMED) return MALFORMED[f] as Completion;
    switch (f) {
      case 'instant':
        return { type: 'ok' };
      case 'fail':
        await this.#clock.sleep(latencyNs(invocation));
        return { type: 'fail', error: { code: 'refused' } };
      case 'info':
        await this.#clock.sleep(latencyNs(invocation));
        return { type: 'info', error: { code: 'reset', message: 'connection reset' } };
      case 'crash':
        await this.#clock.sleep(latencyNs(invocation));
        throw new Error('out of order');
      case 'assert':
        throw new AssertionError('the impossible happened');
      case 'hang':
        return new Promise(() => {});
      case 'position':
        return { type: 'ok', value, position: { index: 7, term: 2 } };
      default:
        await this.#clock.sleep(latencyNs(invocation));
        return { type: 'ok' };
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }
}

/** Its faults begin after the value's milliseconds; `refuse` rejects, `odd` answers nonsense. */
export async function scriptedNemesis(clock: Clock, invocation: Invocation): Promise<FaultEffect> {
  await clock.sleep(latencyNs(invocation));
  if (invocation.f === 'refuse') throw new Error('no such link');
  if (invocation.f === 'odd') return { fault: 'odd' } as unknown as FaultEffect;
  return {
    faultId: 1,
    fault: 'partition',
    edge: 'begin',
    nodes: ['n1'],
    description: 'isolated n1',
    parameters: null,
  };
}
