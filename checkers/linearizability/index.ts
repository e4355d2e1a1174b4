/** The public surface of the linearizability checker. */
export { linearizability } from './linearizability.ts';
export type { LinearizabilityOptions } from './linearizability.ts';
export { casRegister, kv, modelNamed, models, register } from './models/index.ts';
export { parseModel } from './parse-model.ts';
export type { Call, Effect, FunctionRule, LineageRules, Model } from './model.ts';
