/**
 * Traces as text, for tests: one record a line, its time the line's number in milliseconds.
 *
 *     n1 start                            n1 durable 2
 *     n1 persist 1 n1                     n1 commit 2        term and prefix hash are those of its log
 *     n1 vote n1 1                        n1 apply 2 state=7
 *     n1 role leader 1                    n1 snapshot taken 2
 *     n1 append 1:1 2:1                   n1 ack 2           or `ack 2 term=1`
 *
 * An entry is `index:term`, or `index:term=hash`. A cluster has the voters n1, n2, n3. Blank lines and text behind `#`
 * are skipped. A node's log is followed here so that most lines need no hashes; `name=value` overrides any of them.
 */
import { assert } from '../../harness/errors.ts';
import type { TracedEntry, TraceEvent, TraceRecord } from '../../harness/history/trace.ts';
import { NS_PER_MS } from '../../harness/units.ts';

const VOTERS = ['n1', 'n2', 'n3'];

interface TextNode {
  /** The highest that it spoke of since it started. */
  term: number;
  log: TracedEntry[];
  snapshot: { index: number; term: number; prefixHash: number };
}

export function parseTrace(text: string): TraceRecord[] {
  const nodes = new Map<string, TextNode>();
  const records: TraceRecord[] = [];
  text.split('\n').forEach((rawLine, number) => {
    const words = (rawLine.split('#')[0] ?? '').trim().split(/\s+/);
    const [node, kind, ...rest] = words;
    if (node === undefined || kind === undefined) return;
    let state = nodes.get(node);
    if (state === undefined) {
      state = { term: 0, log: [], snapshot: { index: 0, term: 0, prefixHash: 0 } };
      nodes.set(node, state);
    }
    const event = parseEvent(state, kind, rest);
    if (event.kind === 'start') state.term = event.term;
    if (event.kind === 'role' || event.kind === 'persist' || event.kind === 'append') {
      state.term = Math.max(state.term, event.term);
    }
    records.push({ node, time: number * NS_PER_MS, event });
  });
  return records;
}

function parseEvent(node: TextNode, kind: string, words: readonly string[]): TraceEvent {
  const plain = words.filter((word) => !/^[a-z]+=/.test(word));
  const named = new Map(
    words
      .filter((word) => /^[a-z]+=/.test(word))
      .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
  const word = (i: number): string => {
    const found = plain[i];
    assert(found !== undefined, `${kind} needs ${i + 1} words`);
    return found;
  };
  const number = (i: number): number => Number(word(i));
  const option = (name: string, otherwise: number): number => Number(named.get(name) ?? otherwise);

  switch (kind) {
    case 'start': {
      const snapshotIndex = option('snapshot', node.snapshot.index);
      const log = named.get('log');
      const entries = log === undefined ? node.log : log === '' ? [] : log.split(',').map(parseEntry);
      node.log = entries.slice();
      const vote = named.get('vote') ?? '-';
      return {
        kind,
        term: option('term', 0),
        votedFor: vote === '-' ? null : vote,
        firstIndex: entries[0]?.index ?? snapshotIndex + 1,
        lastIndex: entries.at(-1)?.index ?? snapshotIndex,
        lastTerm: entries.at(-1)?.term ?? node.snapshot.term,
        snapshotIndex,
        voters: VOTERS,
        entries,
      };
    }
    case 'role':
      return { kind, role: word(0) as 'leader', term: number(1), leader: null };
    case 'vote':
      return { kind, candidate: word(0), term: number(1) };
    case 'persist':
      return { kind, term: number(0), votedFor: word(1) === '-' ? null : word(1) };
    case 'append': {
      const entries = plain.map(parseEntry);
      node.log.push(...entries);
      return { kind, term: option('term', Math.max(node.term, entries.at(-1)?.term ?? 0)), entries };
    }
    case 'truncate':
      node.log = node.log.filter((entry) => entry.index < number(0));
      return { kind, fromIndex: number(0) };
    case 'durable':
      return { kind, index: number(0) };
    case 'commit':
      return { kind, index: number(0), ...describeLogAt(node, number(0), option) };
    case 'apply': {
      const state = named.get('state');
      return { kind, index: number(0), ...(state === undefined ? {} : { stateHash: Number(state) }) };
    }
    case 'snapshot': {
      const source = word(0) as 'taken' | 'installed';
      const index = number(1);
      const { term, prefixHash } = describeLogAt(node, index, option);
      const kept = node.log.find((entry) => entry.index === index)?.term === term;
      node.log = kept ? node.log.filter((entry) => entry.index > index) : [];
      node.snapshot = { index, term, prefixHash };
      return { kind, source, index, term, prefixHash, stateHash: option('state', 1000 + index) };
    }
    case 'ack':
      return { kind: 'acknowledge', index: number(0), term: describeLogAt(node, number(0), option).term };
    case 'voters':
      return { kind: 'configuration', index: 0, voters: plain, learners: [] };
    case 'impossible':
      return { kind, message: plain.join(' ') };
    case 'stop':
    case 'crash':
      return { kind: 'stop', by: kind === 'stop' ? 'harness' : 'node', reason: plain.join(' ') };
    default:
      throw new Error(`unknown event ${kind}`);
  }
}

function parseEntry(text: string): TracedEntry {
  const [, index, term, hash] = /^(\d+):(\d+)(?:=(\d+))?$/.exec(text) ?? [];
  assert(index !== undefined && term !== undefined, `bad entry ${text}`);
  return {
    index: Number(index),
    term: Number(term),
    hash: Number(hash ?? Number(term) * 1000 + Number(index)),
  };
}

function describeLogAt(
  node: TextNode,
  index: number,
  option: (name: string, otherwise: number) => number,
): { term: number; prefixHash: number } {
  let { term, prefixHash } = node.snapshot;
  for (const entry of node.log) {
    if (entry.index > index || entry.index <= node.snapshot.index) continue;
    term = entry.term;
    prefixHash = foldPrefix(prefixHash, entry);
  }
  return { term: option('term', term), prefixHash: option('prefix', prefixHash) };
}

/** Any function of the log will do. */
export function foldPrefix(prefixHash: number, entry: TracedEntry): number {
  let hash = prefixHash;
  for (const part of [entry.index, entry.term, entry.hash]) hash = Math.imul(hash ^ part, 0x01000193) >>> 0;
  return hash;
}
