/**
 * One run as one HTML file that opens from disk, needs no network, and runs no script but its own.
 *
 *     const html = buildReport({ test, history, verdicts, valid, trace, replayCommand });
 *
 * The run's data is inlined as JSON, its details compressed (raw DEFLATE, Base64); everything of it that is shown goes through text nodes or a canvas. A content
 * security policy with the hashes of the script and the style forbids everything else, requests included.
 */
import { deflateRawSync } from 'node:zlib';
import { escapeHtml, htmlPage } from '../html-page.ts';
import { collectReportData } from './collect-data.ts';
import type { ReportInput } from './collect-data.ts';
import { DETAILS } from './report-data.ts';
import type { ReportData } from './report-data.ts';
import { viewerScript, viewerStyle } from './viewer-script.ts';

/** The best takes four times as long for a tenth. */
const LEVEL = 6;

export function buildReport(input: ReportInput): string {
  return renderReport(collectReportData(input));
}

export function renderReport(data: ReportData): string {
  const isDetail = (name: string): boolean => (DETAILS as readonly string[]).includes(name);
  const fields = Object.entries(data);
  const summary = Object.fromEntries(fields.filter(([name]) => !isDetail(name)));
  const details = Object.fromEntries(fields.filter(([name]) => isDetail(name)));
  return htmlPage({
    title: `${data.verdict.toUpperCase()}: ${data.title}`,
    style: `\n${viewerStyle()}`,
    body: `<main id="report"></main>
<noscript><pre>${escapeHtml(data.summary)}</pre></noscript>
<script id="data" type="application/json">${inlineJson(summary)}</script>
<script id="details" type="text/plain">${compressed(details)}</script>`,
    script: `\n${viewerScript()}`,
  });
}

/** `<` never appears in the JSON, so nothing in it can end the script element or open a comment. */
function inlineJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** Base64 has no character that HTML knows. */
function compressed(value: unknown): string {
  return deflateRawSync(JSON.stringify(value), { level: LEVEL }).toString('base64');
}
