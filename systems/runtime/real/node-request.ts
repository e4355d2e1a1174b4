/**
 * Reads what the harness says to a node (`control.ts` has the words): one line, checked before anything believes it.
 *
 *     parseRequest('{"id":2,"do":"cut","from":"n1","to":"n2"}')
 *     parseRequest('{"id":3,"do":"dance"}')     // throws RequestError: no command is called dance
 *
 * By hand and not by a library: a node starts many times in a run.
 */
import type { NodeRequest } from './control.ts';

/** Of a request that nobody can do, with its id as far as it has one. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly id: number;

  constructor(id: number, message: string) {
    super(message);
    this.id = id;
  }
}

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isBoolean: Check = (value) => typeof value === 'boolean';
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isList: Check = (value) => Array.isArray(value);

const LINK = { from: isText, to: isText };
const START = {
  config: isObject,
  peers: isObject,
  dataDirectory: isText,
  seed: isNumber,
  incarnation: isNumber,
  faults: isObject,
};
const CONFIG = { name: isText, peers: isList, options: isObject, bugs: isList };
const FAULTS = { cuts: isList, degraded: isList, clock: isObject };

/** What each command has to carry. */
const COMMANDS: Readonly<Record<NodeRequest['do'], Readonly<Record<string, Check>>>> = {
  start: { node: isObject },
  cut: LINK,
  heal: LINK,
  degrade: { ...LINK, fault: isObject },
  restore: LINK,
  'bump-clock': { offsetMs: isNumber },
  'drift-clock': { rate: isNumber },
  'reset-clock': {},
  strike: { atWork: isBoolean, waitMs: isNumber, loseUnsynced: isBoolean },
};

/** @throws RequestError that says what is wrong with it */
export function parseRequest(line: string): NodeRequest {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    throw new RequestError(0, `no JSON: ${line.slice(0, 80)}`);
  }
  if (!isObject(request) || !Number.isSafeInteger(request['id'])) {
    throw new RequestError(0, `no request with an id: ${line.slice(0, 80)}`);
  }
  const id = request['id'] as number;
  const what = request['do'];
  if (typeof what !== 'string' || !Object.hasOwn(COMMANDS, what)) {
    throw new RequestError(id, `no command is called ${String(what)}`);
  }
  check(id, what, request, COMMANDS[what as NodeRequest['do']]);
  if (what === 'start') checkStart(id, request['node'] as Fields);
  if (what === 'degrade') checkFault(id, request['fault'] as Fields);
  return request as unknown as NodeRequest;
}

function checkStart(id: number, node: Fields): void {
  check(id, 'start: node', node, START);
  check(id, 'start: config', node['config'] as Fields, CONFIG);
  check(id, 'start: faults', node['faults'] as Fields, FAULTS);
}

function checkFault(id: number, fault: Fields): void {
  for (const [name, value] of Object.entries(fault)) {
    if (!isNumber(value)) throw new RequestError(id, `degrade: ${name} cannot be ${JSON.stringify(value)}`);
  }
}

function check(id: number, what: string, fields: Fields, checks: Readonly<Record<string, Check>>): void {
  for (const [name, isRight] of Object.entries(checks)) {
    if (!isRight(fields[name])) {
      throw new RequestError(id, `${what}: ${name} cannot be ${JSON.stringify(fields[name]) ?? 'absent'}`);
    }
  }
}
