/**
 * What `import … from 'shaketable'` gives: to define a system, a workload, a nemesis, a checker or a model of one's own
 * (docs/your-own-system.md), on the same contracts that ours use.
 *
 *     import { defineWorkload, linearizability, mix, register, stagger } from 'shaketable';
 *
 * It imports nothing of Node.js and no cluster, since node programs are bundled with it.
 */
export { type Config, defineConfig } from './define-config.ts';
export { defineSystem, type SystemDefinition } from './define-system.ts';
export { defineWorkload, type Preparation, type WorkloadDefinition } from './define-workload.ts';
export {
  type Choice,
  type DefinedFault,
  defineFault,
  defineNemesis,
  type FaultDefinition,
  type FaultInForce,
  type NemesisFields,
} from './define-nemesis.ts';
export { type CheckerDefinition, defineChecker, type Findings } from './define-checker.ts';
export { defineModel, type ModelDefinition } from './define-model.ts';
export { errorCompletion } from './completions.ts';
export { decodeJson, encodeJson, onJson, sendJson } from './json-lines.ts';
export { HarnessError } from '../harness/errors.ts';

// What a system is.
export type {
  Bug,
  ClientContext,
  NodeProbe,
  Server,
  ServerNode,
  System,
  SystemError,
  SystemOption,
  Variant,
} from '../systems/system.ts';
export type { NodeConfig, NodeProgram, NodeStatus, RunningNode } from '../systems/runtime/node-program.ts';
export {
  type Address,
  type CloseReason,
  type Connection,
  type Endpoint,
  FileError,
  type Files,
  type Listener,
  type OpenFile,
  type Runtime,
  type Timer,
} from '../systems/runtime/runtime.ts';
export type { DescribeMessage, MessageText, SentMessage } from '../systems/runtime/message-text.ts';
export type { Client, Completion, Invocation } from '../harness/interpreter/client.ts';
export { msToNs, nsToMs } from '../harness/units.ts';

// What clients do.
export * from '../harness/generator/index.ts';
export type { PreparedWorkload, Workload, WorkloadContext, WorkloadOption } from '../workloads/workload.ts';
export {
  finalReads,
  type KeyTurn,
  RecentKeys,
  rotatingKeys,
  type RotatingKeysOptions,
} from '../workloads/rotating-keys.ts';
export { choiceOption, integerOption, keyOptions, shareOption } from '../workloads/options.ts';
export { append as appendWorkload } from '../workloads/append.ts';
export { counter as counterWorkload } from '../workloads/counter.ts';
export { register as registerWorkload } from '../workloads/register.ts';

// What is recorded, and who judges it.
export type {
  FaultEffect,
  Json,
  Operation,
  OperationError,
  OperationType,
  Position,
  ProcessId,
} from '../harness/history/operation.ts';
export { History } from '../harness/history/history.ts';
export type { TraceEvent, TraceRecord } from '../harness/history/trace.ts';
export type { Anomaly, Checker, CheckInput, Picture, Validity, Verdict } from '../checkers/checker.ts';
export {
  type Call,
  casRegister,
  kv,
  type LinearizabilityOptions,
  type Model,
  modelNamed,
  models,
  register,
} from '../checkers/linearizability/index.ts';
export {
  bank,
  counterBounds,
  linearizability,
  listAppend,
  logChecker,
  longFork,
  monotonic,
  sessions,
  setFull,
  totalQueue,
} from './checkers.ts';
export { adyaG2 } from '../checkers/adya/index.ts';
export { appendList } from '../checkers/append/index.ts';
export type { BankOptions } from '../checkers/bank/index.ts';
export { causalRegister } from '../checkers/causal/index.ts';
export { causalReverse } from '../checkers/causal-reverse/index.ts';
export { type CounterOptions, finalCounter } from '../checkers/counter/index.ts';
export { echo } from '../checkers/echo/index.ts';
export { independent } from '../checkers/independent/index.ts';
export type { LogOptions } from '../checkers/log/index.ts';
export type { LongForkOptions } from '../checkers/long-fork/index.ts';
export type { MonotonicOptions } from '../checkers/monotonic/index.ts';
export { queue, type TotalQueueOptions } from '../checkers/queue/index.ts';
export { sequentialKeys, sequentialRegisters } from '../checkers/sequential/index.ts';
export type { SessionsOptions } from '../checkers/sessions/index.ts';
export { finalSet, type SetFullOptions } from '../checkers/set/index.ts';
export type { ListAppendOptions } from '../checkers/transactions/index.ts';
export { uniqueIds } from '../checkers/unique-ids/index.ts';

// What disturbs them.
export type { Capability, Cluster, KillOptions, NodeLimits, Observed } from '../harness/cluster/cluster.ts';
export type { LinkFault } from '../systems/runtime/link-fault.ts';
export type { Layer, NemesisDefinition } from '../nemeses/nemesis.ts';
export type { ChosenNodes, Leader } from '../nemeses/targets.ts';
export { type Random, randomStream } from '../harness/random.ts';
