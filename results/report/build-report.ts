/**
 * One run as one HTML file that opens from disk, needs no network, and runs no script but its own.
 *
 *     const html = buildReport({ test, history, verdicts, valid, trace, replayCommand });
 *
 * The run's data is inlined as JSON; everything of it that is shown goes through text nodes or a canvas. A content
 * security policy with the hashes of the script and the style forbids everything else, requests included.
 */
import { createHash } from 'node:crypto';
import { collectReportData } from './collect-data.ts';
import type { ReportInput } from './collect-data.ts';
import type { ReportData } from './report-data.ts';
import { viewerScript, viewerStyle } from './viewer-script.ts';

export function buildReport(input: ReportInput): string {
  return renderReport(collectReportData(input));
}

export function renderReport(data: ReportData): string {
  const script = `\n${viewerScript()}`;
  const style = `\n${viewerStyle()}`;
  const policy = `default-src 'none'; script-src '${hash(script)}'; style-src '${hash(style)}'; img-src data:`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(`${data.verdict.toUpperCase()}: ${data.title}`)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main id="report"></main>
<noscript><pre>${escapeHtml(data.summary)}</pre></noscript>
<script id="data" type="application/json">${inlineJson(data)}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

/** `<` never appears in the JSON, so nothing in it can end the script element or open a comment. */
function inlineJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
