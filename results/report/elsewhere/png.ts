/** SVG as PNG, by resvg: no browser is needed. It has the machine's fonts. */
import { Resvg } from '@resvg/resvg-js';
import { HarnessError } from '../../../harness/errors.ts';

/** Pixels for each of the drawing's: sharp on today's screens. */
const SCALE = 2;
/** Wider is scaled down: no viewer shows it, and it takes memory. */
const MAX_WIDTH_PX = 8000;

/**
 * @param svg - of {@link chartSvg}
 * @throws HarnessError `io` where the machine has none: the picture would be without words
 */
export function pngOf(svg: string): Uint8Array {
  const font = { loadSystemFonts: true, sansSerifFamily: 'DejaVu Sans', monospaceFamily: 'DejaVu Sans Mono' };
  const word =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text y="9" font-family="sans-serif">a</text></svg>';
  if (new Resvg(word, { font }).getBBox() === undefined) {
    throw new HarnessError(
      'io',
      'this machine has no fonts, and a picture needs some: install a package such as fonts-dejavu-core, or take --svg',
    );
  }
  const { width } = new Resvg(svg, { font });
  const scale = Math.min(SCALE, MAX_WIDTH_PX / width);
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: scale } }).render().asPng();
}
