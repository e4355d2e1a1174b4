/** The data in a report, as its page reads them. */
import { inflateRawSync } from 'node:zlib';
import type { ReportData, ReportDetails, ReportSummary } from '../report-data.ts';

export function readReport(html: string): ReportData {
  const textOf = (id: string): string =>
    new RegExp(`<script id="${id}" type="[^"]*">(.*)</script>`).exec(html)?.[1] ?? '';
  const summary = JSON.parse(textOf('data')) as ReportSummary;
  const details = JSON.parse(
    inflateRawSync(Buffer.from(textOf('details'), 'base64')).toString(),
  ) as ReportDetails;
  return { ...summary, ...details };
}
