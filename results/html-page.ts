/**
 * An HTML file that opens from disk and needs no network: a content security policy with the hashes of its style and its script forbids
 * everything else, requests included.
 *
 *     htmlPage({ title: 'isr and raft compared', style: 'main { … }', body: '<main>…</main>' });
 */
import { createHash } from 'node:crypto';

export interface HtmlPage {
  /** As text. */
  readonly title: string;
  readonly style: string;
  readonly body: string;
  /** A module, behind the body; none where absent. */
  readonly script?: string;
}

export function htmlPage({ title, style, body, script }: HtmlPage): string {
  const allowed = script === undefined ? '' : `script-src '${hash(script)}'; `;
  const policy = `default-src 'none'; ${allowed}style-src '${hash(style)}'; img-src data:`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
${body}
${script === undefined ? '' : `<script type="module">${script}</script>\n`}</body>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
