/** This run beside the one before it of the same test. */
import type { ReportSummary } from '../report-data.ts';
import { element, table } from './dom.ts';

const SIGNS = { better: '▲ better', worse: '▼ worse', same: '= same' } as const;

export function comparisonSection({ comparison }: ReportSummary): HTMLElement | null {
  if (comparison === null) return null;
  const { run, seed, startedAt, gitRevision, rows } = comparison;
  const revision = gitRevision === null ? '' : `, revision ${gitRevision.slice(0, 12)}`;
  return element(
    'section',
    { 'aria-labelledby': 'comparison' },
    element('h2', { id: 'comparison' }, 'Compared with the run before'),
    element(
      'p',
      { class: 'hint' },
      `The same test, but for the seed: ${run}, seed ${seed}, started ${startedAt}${revision}. Small differences are chance.`,
    ),
    table(
      'Compared with the run before',
      [
        { title: 'What', cell: ({ name }) => name },
        { title: 'Before', isNumber: true, cell: ({ previous }) => previous },
        { title: 'Now', isNumber: true, cell: ({ now }) => now },
        {
          title: 'Change',
          cell: ({ change }) =>
            change === null ? '' : element('span', { class: `change ${change}` }, SIGNS[change]),
        },
      ],
      rows,
    ),
  );
}
