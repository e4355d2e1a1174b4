/**
 * The models that the command line knows.
 *
 *     modelNamed('fifo-queue')
 *     modelNamed('semaphore=3')              // three permits
 *     modelNamed('multi-register={"x":0}')   // another initial state
 */
import { HarnessError } from '../../../harness/errors.ts';
import type { Json } from '../../../harness/history/operation.ts';
import type { Model } from '../model.ts';
import { counter } from './counter.ts';
import { kv, kvStore } from './kv.ts';
import { fencedMutex, mutex, ownerMutex, ownerSemaphore, reentrantMutex, semaphore } from './locks.ts';
import { log } from './log.ts';
import { multiRegister } from './multi-register.ts';
import { fifoQueue, priorityQueue, stack, unorderedQueue } from './queues.ts';
import { casRegister, register } from './registers.ts';
import { set, uniqueIds } from './sets.ts';
import { versionedKv, versionedRegister } from './versioned.ts';

export { counter, kv, log, mutex, set, fifoQueue };
export { casRegister, register };

const all: readonly Model[] = [
  register,
  casRegister,
  multiRegister,
  kv,
  kvStore,
  set,
  fifoQueue,
  unorderedQueue,
  priorityQueue,
  stack,
  mutex,
  ownerMutex,
  reentrantMutex,
  fencedMutex,
  semaphore,
  ownerSemaphore,
  counter,
  log,
  uniqueIds,
  versionedRegister,
  versionedKv,
];

/** By name. A guess takes the first that knows every function. */
export const models: ReadonlyMap<string, Model> = new Map(all.map((model) => [model.name, model]));

/**
 * The model of `--model NAME` or `--model NAME=JSON`; undefined when there is none of that name.
 *
 * @throws HarnessError `usage` when the model takes no parameter, or not this one
 */
export function modelNamed(text: string): Model | undefined {
  const equals = text.indexOf('=');
  if (equals === -1) return models.get(text);
  const name = text.slice(0, equals);
  const model = models.get(name);
  if (model === undefined) return undefined;
  if (model.configure === undefined) throw new HarnessError('usage', `the model ${name} takes no parameter`);
  return model.configure(parse(name, text.slice(equals + 1)));
}

function parse(name: string, text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new HarnessError('usage', `--model ${name}=… takes JSON, not ${text}`, { cause });
  }
}
