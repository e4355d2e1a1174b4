/**
 * Who judges a history of which nothing is known but what it holds: whom the user named with `--workload` or `--model`,
 * or else whoever recognises it, with a note that says so.
 */
import type { Checker } from '../../checkers/checker.ts';
import { independent } from '../../checkers/independent/index.ts';
import {
  linearizability,
  type Model,
  modelNamed,
  models,
  parseModel,
} from '../../checkers/linearizability/index.ts';
import { resolveConsistencyModel } from '../../checkers/transactions/index.ts';
import { HarnessError } from '../errors.ts';
import type { History } from '../history/history.ts';
import type { CheckerEntry } from './judges/entry.ts';
import { judges, judgesByName } from './judges/index.ts';
import { type HistoryShape, shapeOf } from './judges/shape.ts';
import { lookUp } from './names.ts';
import { assignSettings, defaultsOf } from './settings.ts';

export interface JudgeOptions {
  readonly workload?: string;
  readonly model?: string;
  readonly consistencyModel?: string;
  readonly option: readonly string[];
}

export interface Judge {
  /** What is printed beside the verdict. */
  readonly name: string;
  /** None where there is nothing to judge. */
  readonly checkers: readonly Checker[];
  /** Of which a history must say something. */
  readonly model?: Model;
  /** How it came to be chosen, when nobody named it, and what it presumes. */
  readonly notes: readonly string[];
}

/** A model's argument that is a path and no name. */
const MODULE = /\.[cm]?[jt]s$/;

/** Chooses for one history after another. */
export type ChooseJudge = (history: History) => Judge;

/** @throws HarnessError, before any file is read, for names that do not exist and options that do not go together */
export async function judgeChooser(options: JudgeOptions, memoryBytes: number): Promise<ChooseJudge> {
  const { workload, model, consistencyModel } = options;
  if (workload !== undefined && model !== undefined) {
    throw new HarnessError(
      'usage',
      'give --workload or --model, not both: a model is judged by linearizability',
    );
  }
  if (model !== undefined) {
    if (consistencyModel !== undefined || options.option.length > 0) {
      throw new HarnessError(
        'usage',
        '--consistency-model and --option go with --workload, not with --model',
      );
    }
    const known = await modelOf(model);
    return () => modelJudge(known, memoryBytes, []);
  }
  const level = consistencyModel === undefined ? undefined : resolveConsistencyModel(consistencyModel);
  const ofLevel = level === undefined ? judges : judges.filter((entry) => entry.takesConsistencyModel);
  if (workload !== undefined) {
    const entry = lookUp('workload to check', judgesByName, workload);
    if (!ofLevel.includes(entry)) {
      throw new HarnessError(
        'usage',
        `${entry.name} takes no --consistency-model: ${ofLevel.map(({ name }) => name).join(', ')} do`,
      );
    }
    const judge = entryJudge(entry, options.option, level, memoryBytes, []);
    return () => judge;
  }
  if (options.option.length > 0) {
    throw new HarnessError('usage', '--option goes with --workload: name the checker that it is for');
  }
  return (history) => guess(shapeOf(history), ofLevel, level, memoryBytes);
}

/** One of ours, by name and perhaps with its parameter (`semaphore=3`), or a module of the user's, by its path. */
async function modelOf(text: string): Promise<Model> {
  if (!MODULE.test(text)) return modelNamed(text) ?? lookUp('model', models, text.replace(/=.*$/s, ''));
  const { importModule } = await import('./own/import-module.ts');
  const { default: exported, model } = await importModule(text);
  return parseModel(exported ?? model, text);
}

function entryJudge(
  entry: CheckerEntry,
  option: readonly string[],
  consistencyModel: string | undefined,
  memoryBytes: number,
  notes: readonly string[],
): Judge {
  const options = defaultsOf(entry);
  assignSettings(option, [options]);
  const checker = entry.create({
    options,
    memoryBytes,
    ...(consistencyModel === undefined ? {} : { consistencyModel }),
  });
  const presumes = entry.presumes?.(options) ?? null;
  return { name: entry.name, checkers: [checker], notes: presumes === null ? notes : [...notes, presumes] };
}

function modelJudge(model: Model, memoryBytes: number, notes: readonly string[]): Judge {
  const checker = linearizability({ model, memoryBytes });
  // The keys of transactions are in their values: one beside them is of jepsen.independent.
  const hasKeysInside = model.acrossKeys === true && Object.hasOwn(model.functions, 'txn');
  return {
    name: model.name,
    checkers: [hasKeysInside ? independent(checker) : checker],
    model,
    notes,
  };
}

/** A guess rests on functions and values, and is never one that would accept whatever it gets. */
function guess(
  shape: HistoryShape,
  candidates: readonly CheckerEntry[],
  consistencyModel: string | undefined,
  memoryBytes: number,
): Judge {
  if (shape.functions.length === 0) return { name: 'nobody', checkers: [], notes: [] };
  const seen = describeShape(shape);
  const entry = candidates.find((candidate) => candidate.recognises(shape));
  if (entry !== undefined) {
    const note = `judged as --workload ${entry.name}, because of ${seen}; say otherwise with --workload or --model`;
    return entryJudge(entry, [], consistencyModel, memoryBytes, [note]);
  }
  if (consistencyModel === undefined) {
    const model = [...models.values()].find((candidate) => fits(candidate, shape));
    if (model !== undefined) {
      const note = `judged as --model ${model.name}, because of ${seen}; say otherwise with --model or --workload`;
      return modelJudge(model, memoryBytes, [note]);
    }
  }
  throw new HarnessError(
    'usage',
    `nobody recognises a history of ${seen}: name who judges it, with ` +
      (consistencyModel === undefined
        ? '--workload or --model (see shaketable list checkers, list models)'
        : `--workload (${candidates.map(({ name }) => name).join(', ')})`),
  );
}

/** The model knows every function, and takes every argument and answer that was looked at. */
function fits(model: Model, shape: HistoryShape): boolean {
  return shape.functions.every(
    (f) =>
      Object.hasOwn(model.functions, f) &&
      shape.everyArgument(
        f,
        (argument) => model.check({ f, argument, outcome: 'unknown', result: null }) === null,
      ),
  );
}

function describeShape({ functions, microFunctions }: HistoryShape): string {
  return `${functions.join(', ')}${microFunctions.length === 0 ? '' : ` of ${microFunctions.join(', ')}`}`;
}
