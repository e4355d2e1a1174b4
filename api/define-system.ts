/**
 * What a user's own system is: what to start, and how a client talks to it.
 *
 *     export default defineSystem({
 *       name: 'kv',
 *       functions: ['read', 'write', 'cas'],
 *       clientPort: 8080,
 *       server: {
 *         entry: join(import.meta.dirname, 'kv-server.mjs'),
 *         arguments: (node) => [node.name],
 *       },
 *       openClient: (_endpoint, context) => Promise.resolve(new KvClient(context)),
 *     });
 */
import { z } from 'zod';
import type { NodeProgram } from '../systems/runtime/node-program.ts';
import type { Server, System } from '../systems/system.ts';
import {
  functionSchema,
  nameSchema,
  namesSchema,
  optionalFunction,
  optionsSchema,
  portSchema,
  refuse,
  repeatedName,
  requireValid,
  textSchema,
  withDefaults,
} from './definition-error.ts';

/** What everybody says of a system; the rest has defaults. */
interface CommonFields extends Pick<System, 'name' | 'functions' | 'clientPort' | 'openClient'> {
  /** For `shaketable list`. */
  readonly summary?: string;
  /** 5 where absent. */
  readonly defaultNodes?: number;
  readonly options?: System['options'];
  /** Throws for values that no node would start with. */
  readonly checkOptions?: NonNullable<System['checkOptions']>;
  /** Which errors are definite; {@link errorCompletion} makes completions of it. */
  readonly errors?: System['errors'];
  readonly bugs?: System['bugs'];
  /** For `shaketable compare`. */
  readonly variants?: NonNullable<System['variants']>;
  readonly otherPorts?: readonly number[];
  readonly invariants?: NonNullable<System['invariants']>;
  /** What messages say, for the diagrams of small simulated runs; where absent their text, or their size. */
  readonly describeMessages?: NonNullable<System['describeMessages']>;
}

/** A system of a node program, which runs in every cluster, or of a server, which runs as child processes and in containers. */
export type SystemDefinition = CommonFields &
  (
    | { readonly program: NodeProgram; readonly server?: never }
    | { readonly server: Server; readonly program?: never }
  );

const DEFAULT_NODES = 5;
const ABSOLUTE = /^(\/|[A-Za-z]:[\\/]|\\\\)/;

const bugSchema = z.strictObject(
  {
    name: nameSchema,
    summary: textSchema,
    source: textSchema,
    foundBy: z.strictObject(
      { checkers: z.array(textSchema, 'must be a list of names'), command: textSchema },
      'must be an object of checkers and command',
    ),
  },
  'must be an object of name, summary, source and foundBy',
);

const variantSchema = z.strictObject(
  {
    name: nameSchema,
    description: textSchema,
    options: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()]), 'must be an object'),
  },
  'must be an object of name, description and options',
);

const errorSchema = z.strictObject(
  {
    code: z.number('must be a number'),
    name: textSchema,
    definite: z.boolean('must be true (it certainly did not happen) or false'),
    meaning: textSchema,
  },
  'must be an object of code, name, definite and meaning',
);

const serverSchema = z.strictObject(
  {
    executable: textSchema.optional(),
    entry: textSchema
      .regex(ABSOLUTE, "must be an absolute path: join(import.meta.dirname, 'server.mjs')")
      .optional(),
    image: textSchema.optional(),
    arguments: optionalFunction,
    environment: optionalFunction,
    files: optionalFunction,
    logFiles: z.array(textSchema, 'must be a list of paths').optional(),
    containerDataDirectory: textSchema.regex(/^\//, 'must be an absolute path in the container').optional(),
    isReady: optionalFunction,
    status: optionalFunction,
    faketimeLibrary: textSchema.optional(),
  },
  'must be an object that says what to run: entry, executable or image',
);

const systemSchema = z.strictObject({
  name: nameSchema,
  summary: textSchema,
  defaultNodes: z.int('must be a whole number').min(1, 'must be at least 1'),
  functions: namesSchema,
  options: optionsSchema,
  checkOptions: optionalFunction,
  errors: z.array(errorSchema, 'must be a list'),
  bugs: z.array(bugSchema, 'must be a list'),
  variants: z.array(variantSchema, 'must be a list').optional(),
  program: optionalFunction,
  server: serverSchema.optional(),
  clientPort: portSchema(),
  otherPorts: z.array(portSchema(), 'must be a list of ports').optional(),
  invariants: z.literal('raft', 'must be "raft", or be left out').optional(),
  describeMessages: optionalFunction,
  openClient: functionSchema,
});

/** @throws HarnessError `usage` in one line that names the field */
export function defineSystem(definition: SystemDefinition): System {
  const system = withDefaults(definition, {
    summary: '',
    defaultNodes: DEFAULT_NODES,
    options: [],
    errors: [],
    bugs: [],
  });
  requireValid('system', systemSchema, system);
  const valid = system as System;
  const { program, server } = valid;
  if (program === undefined && server === undefined) {
    refuse('system', valid, 'it needs a program (a node on our Runtime) or a server (what to start)');
  }
  if (program !== undefined && server !== undefined) {
    refuse('system', valid, 'it has both a program and a server: which one are its nodes?');
  }
  if (server !== undefined) requireRunnable(valid, server);
  const { options, bugs, variants = [] } = valid;
  for (const [field, named] of Object.entries({ options, bugs, variants })) {
    const twice = repeatedName(named);
    if (twice !== undefined) refuse('system', valid, `${field} has "${twice}" twice`);
  }
  return Object.freeze(valid);
}

function requireRunnable(system: System, { entry, executable, image }: Server): void {
  if (entry !== undefined && executable !== undefined) {
    refuse('system', system, 'server has both an entry and an executable: Node.js runs an entry');
  }
  if (entry === undefined && executable === undefined && image === undefined) {
    refuse('system', system, 'server must say what to run: entry, executable or image');
  }
}
