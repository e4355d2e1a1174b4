/**
 * Our Raft cluster as a system under test.
 *
 *     raft.program(runtime, { name: 'n1', peers: ['n1', 'n2', 'n3'], options: {}, bugs: ['stale-read'] });
 *     const client = await raft.openClient(endpoint, context);
 */
import type { System } from '../system.ts';
import { BUG_LIST } from './bugs.ts';
import { FUNCTIONS, RaftClient } from './client.ts';
import { describeMessages } from './describe-messages.ts';
import { raftProgram } from './driver.ts';
import { ERRORS } from './errors.ts';
import { OPTIONS, parseOptions } from './options.ts';

const CLIENT_PORT = 7000;

export const raft = {
  name: 'raft',
  summary: 'a replicated key-value store on Raft, with ReadIndex reads and exactly-once client sessions',
  defaultNodes: 5,
  functions: FUNCTIONS,
  options: OPTIONS,
  checkOptions: (options) => void parseOptions(options),
  errors: ERRORS,
  bugs: BUG_LIST,
  program: raftProgram,
  clientPort: CLIENT_PORT,
  invariants: 'raft',
  describeMessages,
  openClient: (endpoint, context) => Promise.resolve(new RaftClient(endpoint, context)),
} satisfies System;
