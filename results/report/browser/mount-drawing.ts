/** A drawing as elements of the page. Texts become text nodes, so data can never become markup. */
import type { Drawn } from './svg.ts';

const NAMESPACE = 'http://www.w3.org/2000/svg';

export function mountDrawing({ tag, attributes, children, onClick, onHover }: Drawn): SVGElement {
  const result = document.createElementNS<'g'>(NAMESPACE, tag as 'g');
  for (const [name, value] of Object.entries(attributes)) result.setAttribute(name, value);
  result.append(...children.map((child) => (typeof child === 'string' ? child : mountDrawing(child))));
  if (onClick !== undefined) {
    result.setAttribute('role', 'button');
    result.setAttribute('tabindex', '0');
    result.addEventListener('click', onClick);
    result.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      onClick();
    });
  }
  if (onHover !== undefined) {
    for (const name of ['pointerenter', 'focusin']) result.addEventListener(name, () => onHover(true));
    for (const name of ['pointerleave', 'focusout']) result.addEventListener(name, () => onHover(false));
  }
  return result;
}
