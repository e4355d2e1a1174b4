/** The colours that the page has now, and patterns for its canvases. */
import { themeFrom } from './theme.ts';
import type { Theme } from './theme.ts';

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  return themeFrom((name) => style.getPropertyValue(`--${name}`).trim());
}

/** Diagonal lines in one colour: reads as "not known" and "not there" without its colour. */
export function hatching(
  context: CanvasRenderingContext2D,
  colour: string,
  background: string,
): CanvasPattern | string {
  const size = 6;
  const tile = document.createElement('canvas');
  tile.width = tile.height = size;
  const pen = tile.getContext('2d');
  if (pen === null) return colour;
  pen.fillStyle = background;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
  }
  pen.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}
