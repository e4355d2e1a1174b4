/**
 * What clients and nemeses may answer. They are others' code, so every reply is looked at before it enters the
 * history; one that is malformed says nothing about the system, and ends the run.
 */
import { HarnessError } from '../errors.ts';
import type { FaultEffect } from '../history/operation.ts';
import type { Completion, Invocation } from './client.ts';

type Unchecked<T> = { readonly [name in keyof T]?: unknown };

/** How deep a value may be nested: deeper is a cycle, or nothing that a history can hold. */
const MAX_DEPTH = 64;

function isJson(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (value === null) return true;
      if (depth >= MAX_DEPTH) return false;
      return (Array.isArray(value) ? value : Object.values(value)).every((item) => isJson(item, depth + 1));
    default:
      return false;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function completionProblem(reply: unknown): string | null {
  if (!isObject(reply)) return 'it is no object';
  const { type, value, error, position } = reply as Unchecked<Completion>;
  if (type !== 'ok' && type !== 'fail' && type !== 'info') return `its type is ${String(type)}`;
  if (value !== undefined && !isJson(value)) return 'its value is no JSON value';
  if (error !== undefined) {
    if (!isObject(error) || typeof (error as { code?: unknown }).code !== 'string')
      return 'its error has no code';
    const { message } = error as { message?: unknown };
    if (message !== undefined && typeof message !== 'string') return 'the message of its error is no text';
    if (type === 'ok') return 'it is ok and has an error';
  }
  if (position !== undefined) {
    if (!isObject(position)) return 'its position is no object';
    const { index, term } = position as { index?: unknown; term?: unknown };
    if (!Number.isSafeInteger(index)) return 'the index of its position is no integer';
    if (term !== undefined && !Number.isSafeInteger(term)) return 'the term of its position is no integer';
  }
  return null;
}

function effectProblem(reply: unknown): string | null {
  if (!isObject(reply)) return 'it is no object';
  const { faultId, fault, edge, nodes, description } = reply as Unchecked<FaultEffect>;
  if (!Number.isSafeInteger(faultId)) return 'its faultId is no integer';
  if (typeof fault !== 'string') return 'its fault is no text';
  if (edge !== 'begin' && edge !== 'end' && edge !== 'instant') return `its edge is ${String(edge)}`;
  if (!Array.isArray(nodes) || nodes.some((node) => typeof node !== 'string'))
    return 'its nodes are no names';
  if (typeof description !== 'string') return 'its description is no text';
  return isJson(withoutAbsent(reply)) ? null : 'it holds something that is no JSON value';
}

/** Optional fields may be there and undefined. */
function withoutAbsent(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function malformed(code: 'client' | 'nemesis', invocation: Invocation, problem: string): HarnessError {
  const shown = JSON.stringify({ f: invocation.f, key: invocation.key, value: invocation.value });
  return new HarnessError(code, `the ${code} gave a malformed reply to ${shown}: ${problem}`);
}

/** @throws HarnessError `client` that says what is wrong with the reply */
export function checkCompletion(reply: unknown, invocation: Invocation): Completion {
  const problem = completionProblem(reply);
  if (problem !== null) throw malformed('client', invocation, problem);
  return reply as Completion;
}

/** @throws HarnessError `nemesis` that says what is wrong with the reply */
export function checkEffect(reply: unknown, invocation: Invocation): FaultEffect {
  const problem = effectProblem(reply);
  if (problem !== null) throw malformed('nemesis', invocation, problem);
  return reply as FaultEffect;
}
