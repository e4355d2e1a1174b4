/** Commit indexes and partitions as tables: the same as their charts, for those who read text. */
import type { ReportData } from '../report-data.ts';
import { element, table } from './dom.ts';
import { formatCount, formatTime, plural } from './format.ts';
import { lowerBound } from './operations.ts';

const MAX_ROWS = 200;

export function commitTable(data: ReportData): HTMLElement {
  const moments = [
    ...data.faults.flatMap(({ start, end }) => (end === null ? [start] : [start, end])),
    data.duration,
  ];
  const rows = [...new Set(moments)].sort((a, b) => a - b).slice(0, MAX_ROWS);
  return element(
    'details',
    {},
    element('summary', {}, 'Commit indexes as a table, when faults began and ended'),
    table(
      'Commit indexes',
      [
        { title: 'Time', isNumber: true, cell: (time: number) => formatTime(time) },
        ...data.commits.map(({ node, times, values }) => ({
          title: data.nodes[node] ?? '',
          isNumber: true,
          cell: (time: number) => {
            const value = values[lowerBound(times, time + 1) - 1];
            return value === undefined ? '–' : formatCount(value);
          },
        })),
      ],
      rows,
    ),
  );
}

export function partitionTable({ partitions, nodes }: ReportData): HTMLElement {
  const rows = partitions.flatMap(({ name, leaders, isr }) => [
    ...leaders.map(({ node, epoch, start }) => ({
      name,
      time: start,
      what: `${nodes[node] ?? ''} leads in epoch ${epoch}`,
    })),
    ...isr.map(({ time, members }) => ({
      name,
      time,
      what: `in sync: ${members.map((member) => nodes[member] ?? '').join(', ') || 'nobody'}`,
    })),
  ]);
  rows.sort((a, b) => a.time - b.time);
  return element(
    'details',
    {},
    element('summary', {}, `Partitions as a table (${plural(rows.length, 'change')})`),
    table(
      'Leaders and replicas in sync',
      [
        { title: 'Time', isNumber: true, cell: ({ time }) => formatTime(time, 6) },
        { title: 'Partition', cell: ({ name }) => name },
        { title: 'What', isLong: true, cell: ({ what }) => what },
      ],
      rows.slice(0, MAX_ROWS),
    ),
    ...(rows.length > MAX_ROWS ? [element('p', { class: 'hint' }, `The first ${MAX_ROWS}.`)] : []),
  );
}
