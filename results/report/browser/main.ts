import type { ReportData } from '../report-data.ts';
const data = JSON.parse(document.getElementById('data')?.textContent ?? '') as ReportData;
document.getElementById('report')!.textContent = data.summary;
