/** The models that the command line knows, by name. */
import type { Model } from '../model.ts';
import { kv, kvStore } from './kv.ts';
import { multiRegister } from './multi-register.ts';
import { casRegister, register } from './registers.ts';

export { kv } from './kv.ts';
export { casRegister, register } from './registers.ts';

/** By name: the argument of `--model`. */
export const models: ReadonlyMap<string, Model> = new Map(
  [register, casRegister, multiRegister, kv, kvStore].map((model) => [model.name, model]),
);
