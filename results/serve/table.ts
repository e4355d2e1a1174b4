/**
 * A table with one line of headings.
 *
 *     tableOf(['File', numeric('Size')], files.map((file) => html`<tr>…</tr>`))
 */
import { html, type Html, type Part } from './html.ts';

/** Of a column; figures stand at the right. */
export type Heading = string | { readonly figures: string };

export const numeric = (figures: string): Heading => ({ figures });

/** @param rows - each a `tr` */
export function tableOf(headings: readonly Heading[], rows: readonly Part[]): Html {
  const heads = headings.map((heading) =>
    typeof heading === 'string'
      ? html`<th scope="col">${heading}</th>`
      : html`<th scope="col" class="number">${heading.figures}</th>`,
  );
  return html`<div class="table">
    <table>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}
