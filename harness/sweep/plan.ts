/**
 * The plan of a sweep, as its YAML file says it:
 *
 *     name: nightly
 *     defaults: { seeds: 20, time-limit: 20 }
 *     matrix:
 *       - system: raft
 *         workload: [register, append]                    # lists multiply: four cells
 *         nemesis: [none, 'partition,kill']
 *       - system: raft
 *         workload: register
 *         bug: [stale-read, ack-before-quorum]
 *         expect: invalid                                 # each must be found
 *
 * Keys are the long options of `shaketable run`, and `seeds`, `budget`, `expect`, `max-unknown`.
 */
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { HarnessError, messageOf } from '../errors.ts';
import { entrySchema, planSchema, type SweepPlan } from './plan-schema.ts';

/** @throws HarnessError `bad-format`, a line for each thing that is wrong, with the line of the file */
export function readPlan(yaml: string, file: string): SweepPlan {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line } = lines.linePos(broken.pos[0]);
    throw new HarnessError('bad-format', `${file} line ${line}: ${firstLineOf(broken.message)}`);
  }
  const parsed = planSchema.safeParse(plainOf(document, file));
  if (parsed.success) return parsed.data;
  const placeOf = (path: readonly PropertyKey[]): string => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number] } | undefined;
      if (node?.range !== undefined) return `${file} line ${lines.linePos(node.range[0]).line}`;
    }
    return file;
  };
  const problems = parsed.error.issues
    .flatMap((issue) => innermost(issue))
    .map(({ path, message }) => `${placeOf(path)}: ${pathText(path)}${message}`);
  throw new HarnessError('bad-format', [...new Set(problems)].join('\n'));
}

/** An alias may stand for nothing, or for too much. */
function plainOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new HarnessError('bad-format', `${file}: ${firstLineOf(messageOf(error))}`);
  }
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Of a union the branch that got furthest says what is wrong. */
function innermost(issue: z.core.$ZodIssue): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(entrySchema.shape).join(', ');
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: issue.path.length === 0 ? 'unknown key' : `unknown key: known are ${known}`,
    }));
  }
  if (issue.code !== 'invalid_union') return [{ path: issue.path, message: issue.message }];
  const branches = issue.errors.map((branch) =>
    branch.flatMap((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] })),
  );
  const deepest = branches.toSorted((a, b) => depthOf(b) - depthOf(a))[0];
  return deepest ?? [{ path: issue.path, message: issue.message }];
}

const depthOf = (problems: readonly Problem[]): number =>
  Math.max(0, ...problems.map(({ path }) => path.length));

const pathText = (path: readonly PropertyKey[]): string => {
  if (path.length === 0) return '';
  const words = path.map((key, i) =>
    typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`,
  );
  return `${words.join('')}: `;
};

const firstLineOf = (message: string): string => message.split('\n')[0] as string;

const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Seconds of `90`, `90s`, `10m`, `2h`. */
export function secondsOf(duration: number | string): number {
  if (typeof duration === 'number') return duration;
  return Number(duration.slice(0, -1)) * (UNIT_S[duration.slice(-1)] ?? 1);
}
