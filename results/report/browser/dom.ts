/**
 * Builds elements. Children that are strings become text nodes, so data can never become markup.
 *
 *     element('p', { class: 'note' }, 'key ', element('code', {}, key))
 */

export type Child = Node | string;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const result = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) result.setAttribute(name, value);
  result.append(...children);
  return result;
}

export function button(
  label: string,
  onClick: () => void,
  attributes: Readonly<Record<string, string>> = {},
) {
  const result = element('button', { type: 'button', ...attributes }, label);
  result.addEventListener('click', onClick);
  return result;
}

/** A button that copies a text and says that it did. */
export function copyButton(label: string, text: string): HTMLButtonElement {
  const result = button(label, () => {
    void copyText(text).then((copied) => {
      result.textContent = copied ? 'Copied' : 'Select the text and copy it yourself';
      setTimeout(() => (result.textContent = label), 1500);
    });
  });
  return result;
}

/** Pages opened from disk have no clipboard API in some browsers: a selection serves there. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element('textarea', { 'aria-hidden': 'true', class: 'offscreen' });
    area.value = text;
    document.body.append(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- all that is left where there is no clipboard API
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }
}

export interface Column<Row> {
  readonly title: string;
  /** Right-aligned with figures of one width. */
  readonly isNumber?: boolean;
  /** May break anywhere: sentences and whatever the system said. */
  readonly isLong?: boolean;
  readonly cell: (row: Row) => Child;
}

export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  rowClass: (row: Row) => string = () => '',
): HTMLElement {
  const alignment = (column: Column<Row>) => ({
    class: column.isNumber === true ? 'number' : column.isLong === true ? 'long' : '',
  });
  const head = element(
    'tr',
    {},
    ...columns.map((column) => element('th', { scope: 'col', ...alignment(column) }, column.title)),
  );
  const body = rows.map((row) =>
    element(
      'tr',
      { class: rowClass(row) },
      ...columns.map((column) => element('td', alignment(column), column.cell(row))),
    ),
  );
  return element(
    'div',
    { class: 'table', tabindex: '0', role: 'group', 'aria-label': caption },
    element(
      'table',
      {},
      element('caption', { class: 'offscreen' }, caption),
      element('thead', {}, head),
      element('tbody', {}, ...body),
    ),
  );
}
