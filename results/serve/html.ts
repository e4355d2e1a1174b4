/**
 * Markup in which data can never become markup: everything that is put into a template is escaped, but what is markup already.
 *
 *     html`<p title="${name}">${operations.map((each) => html`<b>${each}</b>`)}</p>`.toString()
 *
 * Values stand between quotes in attributes. Null, undefined and false are nothing; lists are joined. A link's address must be made by
 * addresses.ts: escaping does not tame `javascript:`.
 */
import { escapeHtml } from '../html-page.ts';

/** Markup, made by {@link html} alone. */
export class Html {
  readonly #text: string;

  /** @internal */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type Part = Html | string | number | null | undefined | false | readonly Part[];

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((text, i) => (i === 0 ? text : textOf(parts[i - 1]) + text)).join(''));
}

function textOf(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Html) return part.toString();
  if (typeof part === 'object') return part.map(textOf).join('');
  return escapeHtml(String(part));
}
