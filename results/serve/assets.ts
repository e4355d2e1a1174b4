/** The style of all pages and the script of one, made once. */
import { plainJavaScript, viewerStyle } from '../report/viewer-script.ts';
import { SERVE_STYLE } from './style.ts';

const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

export interface Assets {
  readonly style: string;
  /** By name: `/assets/<name>.js`. */
  readonly scripts: Readonly<Record<string, string>>;
}

export function loadAssets(): Assets {
  const live = plainJavaScript(new URL(`./browser/live${EXTENSION}`, import.meta.url));
  return { style: `${viewerStyle()}\n${SERVE_STYLE}`, scripts: { live } };
}
