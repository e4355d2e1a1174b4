/** The anomalies: what is wrong in a sentence, and the operations and events that prove it, each a jump away. */
import { tellInLines } from './lines.ts';
import type { AnomalyRow, WitnessEvent } from '../report-data.ts';
import { button, element } from './dom.ts';
import { formatCount, formatTime } from './format.ts';
import { OK } from './operations.ts';
import { pictureFigure } from './picture.ts';
import type { Stage } from './stage.ts';
import { describe } from './words.ts';

/** Longer witnesses are cut in the list; the timeline marks them all. */
const MAX_LISTED = 60;
/** The rest is there to open. */
const MAX_UNFOLDED = 6;

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
      ...(rest.length === 0 ? [] : [ofAKind(stage, rest, rest.length, 'more ', actions)]),
    ]),
    ...(unlisted > 0 ? [element('p', {}, `${formatCount(unlisted)} more are in verdict.json.`)] : []),
  );
}

/** What the options allow: told like anomalies, and none. */
export function allowedSection(stage: Stage, actions: AnomalyActions): HTMLElement | null {
  const { allowed, verdicts } = stage.data;
  if (allowed.length === 0) return null;
  const unlisted = verdicts.reduce((sum, { allowedCount }) => sum + allowedCount, 0) - allowed.length;
  return element(
    'section',
    { class: 'allowed', 'aria-labelledby': 'allowed' },
    element('h2', { id: 'allowed' }, 'Allowed by the options'),
    element('p', {}, 'These were found and are no failures: the options of the check say so.'),
    ...groupsOf(allowed).map((group) => ofAKind(stage, group, group.length, '', actions)),
    ...(unlisted > 0 ? [element('p', {}, `${formatCount(unlisted)} more are in the verdict.`)] : []),
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

/** There to open; pictures are drawn when somebody does. */
function ofAKind(
  stage: Stage,
  anomalies: readonly AnomalyRow[],
  count: number,
  more: string,
  actions: AnomalyActions,
): HTMLElement {
  const pictures: (() => void)[] = [];
  const details = element(
    'details',
    { class: 'more' },
    element('summary', {}, `${formatCount(count)} ${more}${anomalies[0]?.name ?? ''}`),
    ...anomalies.map((anomaly) => anomalyCard(stage, anomaly, actions, (draw) => pictures.push(draw))),
  );
  details.addEventListener('toggle', () => {
    for (const draw of pictures.splice(0)) draw();
  });
  return details;
}

/** @param whenSeen - does something when the card can be seen: at once where that is now */
function anomalyCard(
  stage: Stage,
  anomaly: AnomalyRow,
  actions: AnomalyActions,
  whenSeen: (draw: () => void) => void = (draw) => draw(),
): HTMLElement {
  const title = element(
    'h3',
    {},
    anomaly.name,
    ...(anomaly.key === null ? [] : [' on key ', element('code', {}, anomaly.key)]),
    element('span', { class: 'by' }, ` found by ${anomaly.checker}`),
  );
  const explanation = element('p', { class: 'told' }, tellInLines(anomaly.explanation).join('\n'));
  const card = element('article', { class: 'anomaly' }, title, explanation);
  const pictures = [...(anomaly.picture === null ? [] : [anomaly.picture]), ...anomaly.morePictures];
  if (pictures.length > 0) {
    whenSeen(() => {
      const rows = new Set(anomaly.operations);
      const figures = pictures.map((picture) =>
        pictureFigure(stage, picture, rows, (row) => actions.jumpTo(anomaly, row)),
      );
      explanation.after(...figures);
    });
  }
  if (anomaly.operations.length > 0 || anomaly.events.length > 0) {
    title.append(button('Show in timeline', () => actions.show(anomaly)));
    card.append(witness(stage, anomaly, actions));
  }
  if (anomaly.logs.length > 0) card.append(logsOf(anomaly));
  if (anomaly.evidence !== null) {
    card.append(
      element(
        'details',
        {},
        element('summary', {}, 'Evidence'),
        element('pre', { tabindex: '0' }, anomaly.evidence),
      ),
    );
  }
  return card;
}

/** What the nodes logged around the anomaly, with a line where it was. */
function logsOf({ logs, moment }: AnomalyRow): HTMLElement {
  const when = formatTime(moment ?? 0, 6);
  return element(
    'details',
    { class: 'logs' },
    element('summary', {}, `Logs of the nodes around ${when}`),
    ...logs.map(({ node, lines, before }) =>
      element(
        'div',
        { role: 'group', 'aria-label': `Log of ${node}` },
        element('h4', {}, node, ...(before === null ? [' (its end: its lines carry no times)'] : [])),
        element(
          'pre',
          { tabindex: '0' },
          lines.slice(0, before ?? lines.length).join('\n'),
          ...(before === null
            ? []
            : [
                element('span', { class: 'moment-line' }, `\n── ${when} ──\n`),
                lines.slice(before).join('\n'),
              ]),
        ),
      ),
    ),
  );
}

function witness(stage: Stage, anomaly: AnomalyRow, actions: AnomalyActions): HTMLElement {
  const operations = anomaly.operations
    .slice(0, MAX_LISTED)
    .map((row, i) => operationItem(stage, row, i + 1, () => actions.jumpTo(anomaly, row)));
  const events = anomaly.events.map((event) =>
    eventItem(event, () => actions.jumpToTime(anomaly, event.time)),
  );
  const items = [...operations, ...events];
  const folded = items.length > MAX_UNFOLDED + 2 ? items.splice(MAX_UNFOLDED) : [];
  const result = element('div', { class: 'witness' }, element('ol', {}, ...items));
  if (folded.length > 0) {
    const unlisted = anomaly.operations.length - operations.length;
    const note = unlisted > 0 ? ` (${formatCount(unlisted)} more are marked in the timeline)` : '';
    result.append(
      element(
        'details',
        {},
        element('summary', {}, `${formatCount(folded.length)} more${note}`),
        element('ol', {}, ...folded),
      ),
    );
  }
  return result;
}

function operationItem(stage: Stage, row: number, number: number, jump: () => void): HTMLElement {
  const words = describe(stage.data, stage.operations, row);
  const outcome = stage.operations.outcome[row] === OK ? 'ok' : words.outcome;
  const details = [outcome, words.when, words.where, ...(words.error === null ? [] : [words.error])];
  return witnessItem('badge', String(number), words.sentence, details.join(' · '), jump);
}

function eventItem({ time, node, text }: WitnessEvent, jump: () => void): HTMLElement {
  return witnessItem(
    'badge event',
    '◆',
    `${node === null ? '' : `${node}: `}${text}`,
    formatTime(time, 6),
    jump,
  );
}

function witnessItem(
  badge: string,
  sign: string,
  sentence: string,
  detail: string,
  jump: () => void,
): HTMLElement {
  return element(
    'li',
    {},
    element('span', { class: badge, 'aria-hidden': 'true' }, sign),
    button(sentence, jump, { class: 'jump', title: 'Show in the timeline' }),
    element('span', { class: 'detail' }, detail),
  );
}
