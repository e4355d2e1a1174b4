/**
 * A drawing as a file: SVG that stands alone, with its colours, its background and families of fonts that every machine
 * has something for. What the system said is escaped; it cannot become an element, a script or a request.
 */
import type { Drawn } from '../browser/svg.ts';
import { drawingStyle, lightColours } from '../viewer-script.ts';

const MARGIN = 12;
/** Others have their colours with them. */
const DRAWING = 'drawing';
const FONTS = "system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif";

/**
 * @param drawn - an `svg` element with a width and a height
 * @param title - for those who cannot see it, and for tooltips
 */
export function standAlone(drawn: Drawn, title: string): string {
  const [width, height] = [Number(drawn.attributes['width']), Number(drawn.attributes['height'])];
  const [fullWidth, fullHeight] = [width + 2 * MARGIN, height + 2 * MARGIN];
  const colours = lightColours();
  const isDrawing = drawn.attributes['class'] === DRAWING;
  const style = (isDrawing ? drawingStyle() : '')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/var\(--([\w-]+)\)/g, (_, name: string) => colours.get(name) ?? 'currentColor');
  const surface = colours.get('surface') ?? 'white';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-MARGIN} ${-MARGIN} ${fullWidth} ${fullHeight}" width="${fullWidth}" height="${fullHeight}" role="img" ${isDrawing ? `class="${DRAWING}"` : `font-family="${FONTS}"`}>
<title>${escapeXml(title)}</title>
${style === '' ? '' : `<style>${style.trim()}</style>`}
<rect x="${-MARGIN}" y="${-MARGIN}" width="${fullWidth}" height="${fullHeight}" fill="${surface}"/>
${drawn.children.map((child) => (typeof child === 'string' ? '' : markup(child))).join('\n')}
</svg>
`;
}

/** The page numbers its arrow heads; a file has one, and is the same however many were drawn before. */
const ARROW_HEAD = /^(url\(#)?arrow-\d+(?=\)?$)/;
const REFERRING: ReadonlySet<string> = new Set(['id', 'marker-end']);

function markup({ tag, attributes, children }: Drawn): string {
  const written = Object.entries(attributes)
    .map(([name, value]) => {
      const text = REFERRING.has(name) ? value.replace(ARROW_HEAD, '$1arrow') : value;
      return ` ${name}="${escapeXml(text)}"`;
    })
    .join('');
  if (children.length === 0) return `<${tag}${written}/>`;
  const inside = children.map((child) => (typeof child === 'string' ? escapeXml(child) : markup(child)));
  return `<${tag}${written}>${inside.join('')}</${tag}>`;
}

/** Control characters and lone surrogates are not XML at all, and are shown as what they are not. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
