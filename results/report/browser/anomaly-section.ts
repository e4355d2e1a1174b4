/** The anomalies: what is wrong in a sentence, and the operations and events that prove it, each a jump away. */
import type { AnomalyRow } from '../report-data.ts';
import { button, element } from './dom.ts';
import { formatCount, formatTime } from './format.ts';
import type { Stage } from './stage.ts';
import { describe } from './words.ts';

/** Longer witnesses are cut in the list; the timeline marks them all. */
const MAX_LISTED = 60;

export interface AnomalyActions {
  show(anomaly: AnomalyRow): void;
  jumpTo(anomaly: AnomalyRow, row: number): void;
  jumpToTime(anomaly: AnomalyRow, time: number): void;
}

export function anomalySection(stage: Stage, actions: AnomalyActions): HTMLElement | null {
  const { anomalies, verdicts } = stage.data;
  if (anomalies.length === 0) return null;
  const total = verdicts.reduce((sum, { anomalyCount }) => sum + anomalyCount, 0);
  const unlisted = total - anomalies.length;
  return element(
    'section',
    { 'aria-labelledby': 'anomalies' },
    element('h2', { id: 'anomalies' }, total === 1 ? 'The anomaly' : `${formatCount(total)} anomalies`),
    ...groupsOf(anomalies).flatMap(([first, ...rest]) => [
      ...(first === undefined ? [] : [anomalyCard(stage, first, actions)]),
      ...(rest.length === 0 ? [] : [moreOfAKind(stage, rest, actions)]),
    ]),
    ...(unlisted > 0 ? [element('p', {}, `${formatCount(unlisted)} more are in verdict.json.`)] : []),
  );
}

/** By checker and name, in the order of their first. */
function groupsOf(anomalies: readonly AnomalyRow[]): readonly (readonly AnomalyRow[])[] {
  const groups = new Map<string, AnomalyRow[]>();
  for (const anomaly of anomalies) {
    const name = `${anomaly.checker} ${anomaly.name}`;
    const known = groups.get(name);
    if (known === undefined) groups.set(name, [anomaly]);
    else known.push(anomaly);
  }
  return [...groups.values()];
}

function moreOfAKind(stage: Stage, anomalies: readonly AnomalyRow[], actions: AnomalyActions): HTMLElement {
  return element(
    'details',
    { class: 'more' },
    element('summary', {}, `${formatCount(anomalies.length)} more ${anomalies[0]?.name ?? ''}`),
    ...anomalies.map((anomaly) => anomalyCard(stage, anomaly, actions)),
  );
}

function anomalyCard(stage: Stage, anomaly: AnomalyRow, actions: AnomalyActions): HTMLElement {
  const title = element(
    'h3',
    {},
    anomaly.name,
    ...(anomaly.key === null ? [] : [' on key ', element('code', {}, anomaly.key)]),
    element('span', { class: 'by' }, ` found by ${anomaly.checker}`),
  );
  const card = element('article', { class: 'anomaly' }, title, element('p', {}, anomaly.explanation));
  if (anomaly.operations.length > 0 || anomaly.events.length > 0) {
    title.append(button('Show in timeline', () => actions.show(anomaly)));
    card.append(witness(stage, anomaly, actions));
  }
  if (anomaly.evidence !== null) {
    card.append(
      element('details', {}, element('summary', {}, 'Evidence'), element('pre', {}, anomaly.evidence)),
    );
  }
  return card;
}

function witness(stage: Stage, anomaly: AnomalyRow, actions: AnomalyActions): HTMLElement {
  const items = anomaly.operations.slice(0, MAX_LISTED).map((row, i) => {
    const words = describe(stage.data, stage.operations, row);
    const isOk = stage.operations.outcome[row] === 0;
    return element(
      'li',
      {},
      element('span', { class: 'badge', 'aria-hidden': 'true' }, String(i + 1)),
      button(words.sentence, () => actions.jumpTo(anomaly, row), {
        class: 'jump',
        title: 'Show in the timeline',
      }),
      element(
        'span',
        { class: 'detail' },
        [
          isOk ? 'ok' : words.outcome,
          words.when,
          words.where,
          ...(words.error === null ? [] : [words.error]),
        ].join(' · '),
      ),
    );
  });
  const cut = anomaly.operations.length - items.length;
  if (cut > 0) items.push(element('li', { class: 'detail' }, `and ${formatCount(cut)} more operations`));
  const events = anomaly.events.map(({ time, node, text }) =>
    element(
      'li',
      {},
      element('span', { class: 'badge event', 'aria-hidden': 'true' }, '•'),
      button(`${node === null ? '' : `${node}: `}${text}`, () => actions.jumpToTime(anomaly, time), {
        class: 'jump',
        title: 'Show in the timeline',
      }),
      element('span', { class: 'detail' }, formatTime(time, 6)),
    ),
  );
  return element('ol', { class: 'witness' }, ...items, ...events);
}
