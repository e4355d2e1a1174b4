/** What a checker drew of an anomaly, as a figure that scrolls within itself when it is wide. */
import type { GraphPictureRow, LinearizationPictureRow, PictureRow } from '../report-data.ts';
import { element } from './dom.ts';
import { formatCount, plural } from './format.ts';
import { graphPicture } from './graph-picture.ts';
import { linearizationFigure } from './linearization-figure.ts';
import { mountDrawing } from './mount-drawing.ts';
import { sequencePicture } from './sequence-picture.ts';
import type { Stage } from './stage.ts';
import { timelinePicture } from './timeline-picture.ts';

type Plain = Exclude<PictureRow, LinearizationPictureRow>;

const CAPTIONS: Readonly<Record<Plain['kind'], string>> = {
  timeline:
    'Each bar is an operation from its invocation to its completion; from left to right as recorded, not to scale.',
  graph: 'An arrow means that one comes before the other, for the reason written on it.',
  sequence: 'A column a place in the sequence, a row for each who wrote or saw it; ✕ marks what is wrong.',
};

/** @param witness - rows that the anomaly names */
export function pictureFigure(
  stage: Stage,
  picture: PictureRow,
  witness: ReadonlySet<number>,
  jump: (row: number) => void,
): HTMLElement {
  if (picture.kind === 'linearization') return linearizationFigure(stage, picture, witness, jump);
  const numbered = picture.kind === 'timeline' && picture.order.length > 0;
  const notes = [
    (picture.kind === 'sequence' ? picture.caption : null) ?? CAPTIONS[picture.kind],
    ...(numbered ? ['Numbers: an order in which they can have taken effect.'] : []),
    ...(picture.cut > 0 ? [`${formatCount(picture.cut)} more are not drawn.`] : []),
  ];
  return element(
    'figure',
    { class: 'picture' },
    element(
      'div',
      { class: 'picture-scroll', tabindex: '0', role: 'group', 'aria-label': `Picture: ${picture.kind}` },
      drawn(stage, picture, jump),
    ),
    element('figcaption', {}, notes.join(' ')),
    ...(picture.kind === 'graph' ? [arrowList(picture)] : []),
  );
}

function drawn(stage: Stage, picture: Plain, jump: (row: number) => void): Element {
  switch (picture.kind) {
    case 'timeline':
      return mountDrawing(timelinePicture(stage, picture, jump));
    case 'graph':
      return mountDrawing(graphPicture(stage, picture, jump));
    case 'sequence':
      return sequencePicture(picture, jump);
  }
}

/** The arrows as sentences, for those who read text. */
function arrowList({ nodes, edges }: GraphPictureRow): HTMLElement {
  const name = (place: number): string => nodes[place]?.label ?? '?';
  return element(
    'details',
    {},
    element('summary', {}, `The arrows in words (${plural(edges.length, 'arrow')})`),
    element(
      'ol',
      { class: 'arrows' },
      ...edges.map(({ from, to, label }) =>
        element('li', {}, `${name(from)} comes before ${name(to)}${label === '' ? '' : `: ${label}`}`),
      ),
    ),
  );
}
