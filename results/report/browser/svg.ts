/**
 * Builds drawings. Texts become text nodes, so data can never become markup; colours are classes of report.css, so
 * that a drawing follows the page into the dark and onto paper.
 */

const NAMESPACE = 'http://www.w3.org/2000/svg';
/** Of the monospaced font that drawings use, in pixels at 12 pixels' height. */
export const CHARACTER_WIDTH = 7.3;

type SvgChild = SVGElement | string;

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly SvgChild[]
): SVGElementTagNameMap[K] {
  const result = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    result.setAttribute(name, typeof value === 'number' ? String(Math.round(value * 10) / 10) : value);
  }
  result.append(...children);
  return result;
}

/** A drawing that says to those who cannot see it what it shows. */
export function drawing(
  width: number,
  height: number,
  label: string,
  ...children: readonly SVGElement[]
): SVGSVGElement {
  return svg(
    'svg',
    {
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
      width,
      height,
      role: 'img',
      'aria-label': label,
    },
    ...children,
  );
}

let markers = 0;

/** An arrow head; the text is what `marker-end` refers to it by. */
export function arrowHead(): { readonly definition: SVGElement; readonly reference: string } {
  const id = `arrow-${markers++}`;
  const definition = svg(
    'defs',
    {},
    svg(
      'marker',
      {
        ...{ id, viewBox: '0 0 10 10', refX: 9, refY: 5, markerWidth: 8, markerHeight: 8 },
        ...{ orient: 'auto-start-reverse', markerUnits: 'userSpaceOnUse' },
      },
      svg('path', { d: 'M0 0L10 5L0 10z', class: 'arrow-head' }),
    ),
  );
  return { definition, reference: `url(#${id})` };
}

/** A text on a patch of the page's colour, so that lines behind it do not cross it out. */
export function patchedText(x: number, y: number, text: string): SVGElement {
  const width = text.length * CHARACTER_WIDTH + 8;
  return svg(
    'g',
    { class: 'arrow-label' },
    svg('rect', { x: x - width / 2, y: y - 9, width, height: 17, rx: 3 }),
    svg('text', { x, y: y + 4, 'text-anchor': 'middle' }, text),
  );
}

/** Cut to a width in pixels; the whole belongs into a `title` beside it. */
export function fit(text: string, width: number): string {
  const characters = Math.floor(width / CHARACTER_WIDTH);
  if (text.length <= characters) return text;
  return characters < 2 ? '' : `${text.slice(0, characters - 1)}…`;
}

/** Makes a part of a drawing a button. */
export function asButton(part: SVGElement, label: string, onClick: () => void): SVGElement {
  part.setAttribute('role', 'button');
  part.setAttribute('tabindex', '0');
  part.setAttribute('aria-label', label);
  part.classList.add('jump');
  part.addEventListener('click', onClick);
  part.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    onClick();
  });
  part.prepend(svg('title', {}, label));
  return part;
}
