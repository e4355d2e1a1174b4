/** SVG as PNG, by resvg: no browser is needed. It has the machine's fonts. */
import { HarnessError } from '../../../harness/errors.ts';

/** Pixels for each of the drawing's: sharp on today's screens. */
const SCALE = 2;
/** Wider is scaled down: no viewer shows it, and it takes memory. */
const MAX_WIDTH_PX = 8000;
const FONT = {
  loadSystemFonts: true,
  sansSerifFamily: 'DejaVu Sans',
  monospaceFamily: 'DejaVu Sans Mono',
} as const;
/** Without a font it has no extent. */
const WORD =
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text y="9" font-family="sans-serif">a</text></svg>';

/**
 * @param svg - of {@link chartSvg}
 * @throws HarnessError `io` where resvg does not run here, or the machine has no fonts: the picture would be without words
 */
export async function pngOf(svg: string): Promise<Uint8Array> {
  const Resvg = await loadResvg();
  if (new Resvg(WORD, { font: FONT }).getBBox() === undefined) {
    throw new HarnessError(
      'io',
      'this machine has no fonts, and a picture needs some: install a package such as fonts-dejavu-core, or take --svg',
    );
  }
  const { width } = new Resvg(svg, { font: FONT });
  const scale = Math.min(SCALE, MAX_WIDTH_PX / width);
  return new Resvg(svg, { font: FONT, fitTo: { mode: 'zoom', value: scale } }).render().asPng();
}

/** A module for the machine's kind, loaded when it is needed: where there is none, all else works. */
async function loadResvg() {
  try {
    return (await import('@resvg/resvg-js')).Resvg;
  } catch (error) {
    const kind = `${process.platform} on ${process.arch}`;
    throw new HarnessError('io', `there is no resvg for ${kind}, which makes PNGs: take --svg`, {
      cause: error,
    });
  }
}
