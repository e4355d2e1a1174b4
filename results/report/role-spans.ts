/**
 * Who led when: turns the role events of a trace into spans of one role and term a node.
 *
 *     n1 role follower 1 @0 s, n1 role leader 2 @3 s, n1 stop @9 s
 *     → n1 follower (1) 0–3 s, n1 leader (2) 3–9 s, n1 down from 9 s
 */
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { RoleSpan } from './report-data.ts';

interface OpenSpan {
  readonly role: RoleSpan['role'];
  readonly term: number;
  readonly start: number;
}

/** @param runEnd - nanoseconds; closes the spans that are still open */
export function roleSpans(
  trace: Iterable<TraceRecord>,
  nodes: readonly string[],
  runEnd: number,
): readonly RoleSpan[] {
  const numbers = new Map(nodes.map((node, number) => [node, number]));
  const open = new Map<number, OpenSpan>();
  const spans: RoleSpan[] = [];
  const close = (node: number, end: number): void => {
    const span = open.get(node);
    if (span !== undefined && end > span.start) spans.push({ node, ...span, end });
  };
  for (const { node: name, time, event } of trace) {
    const node = numbers.get(name);
    if (node === undefined) continue;
    const known = open.get(node);
    let next: Omit<OpenSpan, 'start'>;
    if (event.kind === 'role') next = { role: event.role, term: event.term };
    else if (event.kind === 'start') next = { role: 'follower', term: event.term };
    else if (event.kind === 'stop') next = { role: 'down', term: known?.term ?? 0 };
    else continue;
    if (known?.role === next.role && known.term === next.term) continue;
    close(node, time);
    open.set(node, { ...next, start: time });
  }
  for (const node of open.keys()) close(node, Math.max(runEnd, open.get(node)?.start ?? 0));
  return spans.sort((a, b) => a.start - b.start || a.node - b.node);
}
