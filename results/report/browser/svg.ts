/**
 * Drawings as plain data: a page makes elements of them (`mount-drawing.ts`), and a file markup (results/report/elsewhere/).
 * Colours are classes of drawing.css, so that a drawing follows the page into the dark and onto paper.
 */

/** Of the monospaced font that drawings use, in pixels at 12 pixels' height. */
export const CHARACTER_WIDTH = 7.3;

/** An element of a drawing. */
export interface Drawn {
  readonly tag: string;
  readonly attributes: Record<string, string>;
  readonly children: (Drawn | string)[];
  /** A page makes it a button. */
  onClick?: () => void;
  /** A page calls it while the pointer or the focus is on it (true), and when it leaves (false). */
  onHover?: (isOn: boolean) => void;
}

export function svg(
  tag: string,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly (Drawn | string)[]
): Drawn {
  const texts = Object.entries(attributes).map(([name, value]) => [
    name,
    typeof value === 'number' ? String(Math.round(value * 10) / 10) : value,
  ]);
  return { tag, attributes: Object.fromEntries(texts) as Record<string, string>, children: [...children] };
}

/** A drawing that says to those who cannot see it what it shows. */
export function drawing(width: number, height: number, label: string, ...children: readonly Drawn[]): Drawn {
  return svg(
    'svg',
    {
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
      width: Math.ceil(width),
      height: Math.ceil(height),
      class: 'drawing',
      // A group, not an image: what is inside it can be reached.
      role: 'group',
      'aria-label': label,
    },
    ...children,
  );
}

let markers = 0;

/** An arrow head; the text is what `marker-end` refers to it by. */
export function arrowHead(): { readonly definition: Drawn; readonly reference: string } {
  const id = `arrow-${markers++}`;
  const definition = svg(
    'defs',
    {},
    svg(
      'marker',
      {
        ...{ id, viewBox: '0 0 10 10', refX: 9, refY: 5, markerWidth: 8, markerHeight: 8 },
        ...{ orient: 'auto', markerUnits: 'userSpaceOnUse' },
      },
      svg('path', { d: 'M0 0L10 5L0 10z', class: 'arrow-head' }),
    ),
  );
  return { definition, reference: `url(#${id})` };
}

/** A text on a patch of the page's colour, so that lines behind it do not cross it out. */
export function patchedText(x: number, y: number, text: string): Drawn {
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

/**
 * Makes the shapes of a part a button. Its words stand over the button and not in it: cut short, they are not what it is called.
 */
export function asButton(part: Drawn, label: string, onClick: () => void): Drawn {
  const isText = (child: Drawn | string): child is Drawn => typeof child !== 'string' && child.tag === 'text';
  const shapes = part.children.filter((child) => !isText(child));
  const button = svg('g', { class: 'jump', 'aria-label': label }, svg('title', {}, label), ...shapes);
  button.onClick = onClick;
  const texts = part.children.filter(isText);
  for (const text of texts) text.attributes['aria-hidden'] = 'true';
  return svg('g', part.attributes, button, ...texts);
}
