import fc from 'fast-check';
import { expect, test } from 'vitest';
import { html } from './html.ts';

test('what is put in is escaped, but what is markup already', () => {
  const bold = html`<b>${'<i>'}</b>`;
  expect(html`<p title="${'"x"'}">${bold}${[bold, 1]}</p>`.toString()).toBe(
    '<p title="&#34;x&#34;"><b>&#60;i&#62;</b><b>&#60;i&#62;</b>1</p>',
  );
});

test('nothing is nothing', () => {
  expect(html`[${null}${undefined}${false}${[]}${''}]`.toString()).toBe('[]');
  expect(html`[${0}]`.toString()).toBe('[0]');
});

test('no text opens a tag or ends an attribute', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(html`${text}`.toString()).not.toMatch(/[<>"']/);
    }),
  );
});

test('what only looks like markup is text', () => {
  const forged = { toString: () => '<script>' } as unknown as string;
  expect(() => html`${forged}`.toString()).toThrow();
});
