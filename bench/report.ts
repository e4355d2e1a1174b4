/**
 * `npm run bench -- report`: a report of 200,000 operations: how long it takes to make, how large it is, and how long until it is
 * seen in a Chromium. `CHROMIUM_PATH` names one that is not in the usual places.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { renderReport } from '../results/report/build-report.ts';
import { collectReportData } from '../results/report/collect-data.ts';
import { sampleRun } from '../results/report/sample.ts';
import { launchChromium } from '../test/chromium.ts';

const OPERATIONS = 200_000;
/** The sample's threads wait between operations: it makes fewer than it is asked for. */
const ASKED = { operations: 400_000, threads: 60 };
const TIMES = 5;

export async function run(): Promise<void> {
  const sample = sampleRun({ verdict: 'invalid', ...ASKED });
  const { length } = sample.history.pairs();
  if (length < OPERATIONS) throw new Error(`the sample has ${length} operations: raise ASKED`);
  let started = performance.now();
  const data = collectReportData(sample);
  print(`${length} operations collected`, started);
  started = performance.now();
  const html = renderReport(data);
  print(`written, ${(html.length / 1e6).toFixed(1)} MB`, started);
  const folder = mkdtempSync(join(tmpdir(), 'shaketable-bench-'));
  try {
    const file = join(folder, 'report.html');
    writeFileSync(file, html);
    const context = await launchChromium(folder);
    for (let i = 0; i < TIMES; i++) await openOnce(context, file);
    await context.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Until the verdict is there, and until the charts are drawn; wall time, and what the page's thread worked for that. */
async function openOnce(context: Awaited<ReturnType<typeof launchChromium>>, file: string): Promise<void> {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const started = performance.now();
  await page.goto(pathToFileURL(file).href, { waitUntil: 'commit' });
  await page.waitForSelector('html[data-frames]');
  print('the charts are drawn', started);
  const painted = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN,
  );
  console.log(`  the verdict was there after ${(painted / 1000).toFixed(2)} s`);
  const { metrics } = await session.send('Performance.getMetrics');
  const worked = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  console.log(`  of which the page worked ${worked.toFixed(2)} s`);
  await page.close();
}

function print(what: string, startedMs: number): void {
  console.log(`${what}: ${((performance.now() - startedMs) / 1000).toFixed(2)} s`);
}
