/** A table along a line, such as the offsets of a log: what is wrong has a frame and a sign, not only a colour. */
import type { SequencePictureRow } from '../report-data.ts';
import { button, element } from './dom.ts';

export function sequencePicture(picture: SequencePictureRow, jump: (row: number) => void): HTMLElement {
  const head = element(
    'tr',
    {},
    element('td', {}),
    ...picture.columns.map((column) => element('th', { scope: 'col' }, column)),
  );
  const body = picture.rows.map(({ label, cells, wrong, operation }) => {
    const name = operation >= 0 ? button(label, () => jump(operation), { class: 'jump' }) : label;
    const places = new Set(wrong);
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      ...cells.map((cell, i) =>
        places.has(i)
          ? element(
              'td',
              { class: 'wrong' },
              element('span', { 'aria-hidden': 'true' }, '✕ '),
              cell ?? 'missing',
              element('span', { class: 'offscreen' }, ' (wrong)'),
            )
          : element('td', cell === null ? { class: 'nothing' } : {}, cell ?? '·'),
      ),
    );
  });
  return element(
    'table',
    { class: 'sequence' },
    element('caption', { class: 'offscreen' }, picture.caption ?? 'The sequence around the anomaly'),
    element('thead', {}, head),
    element('tbody', {}, ...body),
  );
}
