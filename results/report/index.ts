/** One run as an HTML file and as text on a terminal. */
export { buildReport, renderReport } from './build-report.ts';
export { collectReportData } from './collect-data.ts';
export type { ReportInput } from './collect-data.ts';
export type { ReportData } from './report-data.ts';
export { textSummary } from './text-summary.ts';
export type { TextSummaryOptions } from './text-summary.ts';
