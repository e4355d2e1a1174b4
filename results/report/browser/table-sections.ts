/** The tables below the charts: checkers, faults, statistics, leadership, the run itself. */
import type { ErrorRow, FunctionRow, ReportData, ReportSummary } from '../report-data.ts';
import { copyButton, element, table } from './dom.ts';
import type { Column } from './dom.ts';
import { formatCount, formatDuration, formatShare, formatTime, plural } from './format.ts';

const VERDICT_SIGNS = { valid: '✓ valid', invalid: '✕ invalid', unknown: '? unknown' } as const;

export function checkerSection(data: ReportSummary): HTMLElement {
  return section(
    'checkers',
    'Checkers',
    table(
      'Verdict of every checker',
      [
        { title: 'Checker', cell: ({ checker }) => checker },
        {
          title: 'Verdict',
          cell: ({ verdict }) => element('span', { class: `tag ${verdict}` }, VERDICT_SIGNS[verdict]),
        },
        { title: 'Anomalies', isNumber: true, cell: ({ anomalyCount }) => formatCount(anomalyCount) },
        {
          title: 'Why',
          isLong: true,
          cell: ({ reason, verdict }) => reason ?? (verdict === 'invalid' ? 'see the anomalies' : ''),
        },
        {
          title: 'Figures',
          cell: ({ statistics }) =>
            statistics.length === 0
              ? ''
              : element(
                  'details',
                  {},
                  element('summary', {}, plural(statistics.length, 'figure')),
                  element(
                    'dl',
                    { class: 'figures' },
                    ...statistics.flatMap(({ name, value }) => [
                      element('dt', {}, name),
                      element('dd', {}, value),
                    ]),
                  ),
                ),
        },
      ],
      data.verdicts,
    ),
  );
}

export function faultSection(data: ReportSummary, jumpTo: (from: number, to: number) => void): HTMLElement {
  const when = (start: number, end: number | null): HTMLElement => {
    const link = element('button', { type: 'button', class: 'jump' }, formatTime(start));
    link.addEventListener('click', () => jumpTo(start, end ?? data.duration));
    return link;
  };
  return section(
    'faults',
    'Faults',
    data.faults.length === 0
      ? element(
          'p',
          {},
          data.replayCommand === null
            ? 'The history tells of none that is known here.'
            : 'None was injected.',
        )
      : table(
          'Faults',
          [
            { title: 'Begin', isNumber: true, cell: ({ start, end }) => when(start, end) },
            {
              title: 'Length',
              isNumber: true,
              cell: ({ start, end, instant }) =>
                instant ? 'instant' : end === null ? 'to the end' : formatDuration(end - start),
            },
            { title: 'Fault', cell: ({ fault }) => fault },
            { title: 'What', isLong: true, cell: ({ description }) => description },
            { title: 'On', isLong: true, cell: ({ nodes }) => nodes.join(', ') },
            {
              title: 'Effect',
              cell: ({ observed, tookEffect }) =>
                tookEffect === false
                  ? element('span', { class: 'tag unknown' }, '! never took effect')
                  : observed.map(({ name, value }) => `${name} ${value}`).join(', ') || 'not counted',
            },
            {
              title: 'ok meanwhile',
              isNumber: true,
              cell: ({ ok, invoked, instant }) =>
                instant || invoked === 0 ? '–' : `${formatCount(ok)} of ${formatCount(invoked)}`,
            },
            {
              title: 'fail, info',
              isNumber: true,
              cell: ({ fail, info, instant }) =>
                instant ? '–' : `${formatCount(fail)}, ${formatCount(info)}`,
            },
            {
              title: 'p50, p99',
              isNumber: true,
              cell: ({ latency }) => latency?.map(formatDuration).join(', ') ?? '–',
            },
            {
              title: 'Longest without ok',
              isNumber: true,
              cell: ({ silence }) => (silence === null ? '–' : formatDuration(silence)),
            },
            {
              title: 'Next ok after',
              isNumber: true,
              cell: ({ recovery }) => (recovery === null ? '–' : formatDuration(recovery)),
            },
          ],
          data.faults,
        ),
  );
}

export function statisticsSection(data: ReportSummary): HTMLElement {
  const quantile = (title: string, i: number): Column<FunctionRow> => ({
    title,
    isNumber: true,
    cell: ({ latency }) => (latency === null ? '–' : formatDuration(latency[i] ?? 0)),
  });
  const count = (title: string, of: (row: FunctionRow) => number): Column<FunctionRow> => ({
    title,
    isNumber: true,
    cell: (row) => formatCount(of(row)),
  });
  const parts: HTMLElement[] = [
    table(
      'Operations by function',
      [
        { title: 'Function', cell: ({ f }) => f ?? 'all' },
        count('Invoked', (row) => row.invoked),
        count('ok', (row) => row.ok),
        count('fail', (row) => row.fail),
        count('info', (row) => row.info),
        {
          title: 'Answered',
          isNumber: true,
          cell: ({ ok, refused, invoked }) => (invoked === 0 ? '–' : formatShare((ok + refused) / invoked)),
        },
        quantile('p50', 0),
        quantile('p90', 1),
        quantile('p99', 2),
        quantile('max', 3),
      ],
      data.functions,
      ({ f }) => (f === null ? 'sum' : ''),
    ),
    element(
      'p',
      { class: 'hint' },
      'Latencies are of ok operations. Answered: ok, or refused by a precondition.',
    ),
  ];
  const { duringFaults, outsideFaults } = data.answeredShare;
  const share = (value: number | null): string =>
    value === null ? 'none invoked' : `${formatShare(value)} answered`;
  parts.push(
    element(
      'p',
      {},
      `Invoked during faults: ${share(duringFaults)}; outside of them: ${share(outsideFaults)}.`,
    ),
  );
  if (data.longestSilence !== null && data.longestSilence.end > data.longestSilence.start) {
    const { start, end } = data.longestSilence;
    parts.push(
      element(
        'p',
        {},
        `Longest time without any ok: ${formatDuration(end - start)}, from ${formatTime(start)} to ${formatTime(end)}.`,
      ),
    );
  }
  if (data.errors.length > 0) {
    parts.push(
      element('h3', {}, 'Errors'),
      table(
        'Errors by code',
        [
          { title: 'Function', cell: ({ f }) => f },
          { title: 'Code', cell: ({ code }) => code },
          { title: 'Outcome', cell: ({ outcome }) => outcome },
          { title: 'Count', isNumber: true, cell: (row) => formatCount(row.count) },
          ...(data.errors.some(({ example }) => example !== '')
            ? [{ title: 'For example', isLong: true, cell: ({ example }: ErrorRow) => example }]
            : []),
        ],
        data.errors,
      ),
    );
  }
  return section('statistics', 'Statistics', ...parts);
}

export function leadershipSection(data: ReportData): HTMLElement | null {
  const leaders = data.roles.filter(({ role }) => role === 'leader');
  if (leaders.length === 0) return null;
  return element(
    'details',
    {},
    element('summary', {}, `Leadership table (${formatCount(leaders.length)})`),
    table(
      'Leaders by term',
      [
        { title: 'Term', isNumber: true, cell: ({ term }) => String(term) },
        { title: 'Leader', cell: ({ node }) => data.nodes[node] ?? '' },
        { title: 'From', isNumber: true, cell: ({ start }) => formatTime(start) },
        { title: 'Until', isNumber: true, cell: ({ end }) => formatTime(end) },
        { title: 'Length', isNumber: true, cell: ({ start, end }) => formatDuration(end - start) },
      ],
      leaders,
    ),
  );
}

export function runSection(data: ReportSummary): HTMLElement {
  const command = (title: string, text: string): HTMLElement =>
    element(
      'div',
      { class: 'command' },
      element('h3', {}, title),
      element('pre', { tabindex: '0' }, text),
      copyButton('Copy', text),
    );
  if (data.replayCommand === null) {
    return section('run', 'The check', command('It was judged with', data.commandLine));
  }
  return section(
    'run',
    'The run',
    command(
      data.replaysExactly
        ? 'Replays exactly this run'
        : 'Runs it again, in real time: much the same, not the same',
      data.replayCommand,
    ),
    command('It was started with', data.commandLine),
    element(
      'details',
      {},
      element('summary', {}, `All ${formatCount(data.options.length)} settings (test.json)`),
      table(
        'Settings',
        [
          { title: 'Setting', cell: ({ name }) => element('code', {}, name) },
          { title: 'Value', isLong: true, cell: ({ value }) => value },
        ],
        data.options,
      ),
    ),
  );
}

function section(id: string, title: string, ...children: readonly HTMLElement[]): HTMLElement {
  return element('section', { 'aria-labelledby': id }, element('h2', { id }, title), ...children);
}
