/**
 * The linearizability view: the drawing, which order of it is shown, a jump to where it ends, and the same as a table for those who
 * read text. The order is the longest that contains the operation under the pointer or the focus.
 */
import type { LinearizationPictureRow } from '../report-data.ts';
import { button, element, table } from './dom.ts';
import { plural } from './format.ts';
import { aroundError, linearizationPicture } from './linearization-picture.ts';
import { mountDrawing } from './mount-drawing.ts';
import type { Stage } from './stage.ts';
import { describe } from './words.ts';

/** More would be too small to be read. */
const PAPER_BARS_BEFORE = 6;
const PAPER_BARS_AFTER = 2;

export function linearizationFigure(
  stage: Stage,
  picture: LinearizationPictureRow,
  witness: ReadonlySet<number>,
  jump: (row: number) => void,
): HTMLElement {
  const { partials, stuck } = picture;
  const partialOf = (row: number): number =>
    partials.findIndex((steps) => steps.some(({ operation }) => operation === row));
  const words = (row: number): string => describe(stage.data, stage.operations, row).short;
  const said = element('p', { class: 'detail', 'aria-live': 'polite' });
  const show = (shown: number, row: number): void => {
    const members = new Set(partials[shown]?.map(({ operation }) => operation));
    for (const group of drawn.querySelectorAll('.partial'))
      group.classList.toggle('shown', group.getAttribute('data-partial') === String(shown));
    for (const bar of drawn.querySelectorAll('.bar'))
      bar.classList.toggle('outside', !members.has(Number(bar.getAttribute('data-row'))));
    said.textContent = sentence(
      picture,
      partials[shown] ?? [],
      row < 0 ? null : words(row),
      members.has(row),
    );
  };
  const drawn = mountDrawing(
    linearizationPicture(
      stage,
      picture,
      {
        jump,
        hover: (row, isOn) => show(isOn ? Math.max(0, partialOf(row)) : 0, isOn ? row : -1),
      },
      witness,
    ),
  );
  const scroll = element(
    'div',
    { class: 'picture-scroll', tabindex: '0', role: 'group', 'aria-label': 'Picture: linearization' },
    drawn,
  );
  const toError = button('Jump to the first error', () => {
    const bar = drawn.querySelector<SVGElement>(`.bar[data-row="${stuck}"] .jump`);
    if (bar === null) return;
    const place = bar.getBoundingClientRect();
    const frame = scroll.getBoundingClientRect();
    scroll.scrollLeft += place.left + place.width / 2 - frame.left - frame.width / 2;
    bar.focus({ preventScroll: true });
  });
  onPaper(scroll, () => {
    const near = aroundError(picture, PAPER_BARS_BEFORE, PAPER_BARS_AFTER);
    if (near.operations.length === picture.operations.length) return null;
    const nothing = (): void => undefined;
    return mountDrawing(linearizationPicture(stage, near, { jump: nothing, hover: nothing }, witness));
  });
  show(0, -1);
  return element(
    'figure',
    { class: 'picture linearization' },
    element('h4', {}, 'How far an order comes', toError),
    scroll,
    said,
    element(
      'figcaption',
      {},
      'Dots: where in the order each takes effect, at the earliest, and below it the state that it leaves. Point at an operation, or ' +
        'go to it with the Tab key, to see the longest order that contains it; pale operations are not in the one that is shown.',
    ),
    stepsTable(picture, words),
  );
}

/** @param draw - what stands on paper in the place of what scrolls on a screen; null: the same */
function onPaper(scroll: HTMLElement, draw: () => Element | null): void {
  let printed: Element | null = null;
  addEventListener('beforeprint', () => {
    printed ??= draw();
    if (printed === null) return;
    scroll.classList.add('replaced');
    scroll.after(printed);
  });
  addEventListener('afterprint', () => {
    scroll.classList.remove('replaced');
    printed?.remove();
  });
}

function sentence(
  { before, stuck }: LinearizationPictureRow,
  steps: LinearizationPictureRow['partials'][number],
  operation: string | null,
  isMember: boolean,
): string {
  const start =
    before.count === 0
      ? `From ${before.state} at first`
      : `After ${plural(before.count, 'operation')} that left ${before.state}`;
  const end = steps.at(-1)?.state ?? before.state;
  const order =
    operation === null
      ? 'the longest order has'
      : isMember
        ? `the longest order with ${operation} has`
        : `no order comes to ${operation}; the longest has`;
  const why = stuck < 0 ? '' : ' Nothing lets the marked operation follow the longest.';
  return `${start}, ${order} ${plural(steps.length, 'operation')} and ends at ${end}.${why}`;
}

function stepsTable(
  { partials, stuck }: LinearizationPictureRow,
  words: (row: number) => string,
): HTMLElement {
  const steps = (partials[0] ?? []).map(({ operation, state }, i) => ({
    place: String(i + 1),
    operation: words(operation),
    state,
  }));
  const rows =
    stuck < 0 ? steps : [...steps, { place: '✕', operation: words(stuck), state: 'cannot follow' }];
  return element(
    'details',
    {},
    element('summary', {}, 'The longest order, as a table'),
    table(
      'The longest order',
      [
        { title: 'Place', isNumber: true, cell: ({ place }) => place },
        { title: 'Operation', isLong: true, cell: ({ operation }) => operation },
        { title: 'State after it', isLong: true, cell: ({ state }) => state },
      ],
      rows,
    ),
  );
}
