/**
 * Keeps the page of a run in progress up to date. What the run says goes into text nodes, never into markup. The module imports nothing but
 * types, so that it is served as it is.
 */
import type { LiveData } from '../live-data.ts';

const SVG = 'http://www.w3.org/2000/svg';
/** Of the chart's view box (live-page.ts), and how many seconds it holds. */
const CHART = { width: 600, height: 100, seconds: 60 } as const;
const KINDS = ['ok', 'fail', 'info'] as const;

const numbers = new Intl.NumberFormat('en-US');

function show(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element !== null && element.textContent !== text) element.textContent = text;
}

function showLines(id: string, lines: readonly string[]): void {
  const list = document.getElementById(id);
  const texts = lines.length === 0 ? [list?.dataset['nothing'] ?? ''] : lines;
  list?.replaceChildren(
    ...texts.map((text) => {
      const item = document.createElement('li');
      item.textContent = text;
      return item;
    }),
  );
}

function showRate(seconds: LiveData['seconds']): void {
  const max = Math.max(1, ...seconds.map((counts) => counts[0] + counts[1] + counts[2]));
  const width = CHART.width / CHART.seconds;
  const bars = seconds.flatMap((counts, i) => {
    let top: number = CHART.height;
    return counts.map((count, kind) => {
      const height = (count / max) * CHART.height;
      top -= height;
      const bar = document.createElementNS(SVG, 'rect');
      bar.setAttribute('class', KINDS[kind] ?? '');
      bar.setAttribute('x', (i * width).toFixed(1));
      bar.setAttribute('y', top.toFixed(1));
      bar.setAttribute('width', (width * 0.8).toFixed(1));
      bar.setAttribute('height', height.toFixed(1));
      return bar;
    });
  });
  const chart = document.getElementById('rate');
  chart?.replaceChildren(...bars);
  chart?.setAttribute('aria-label', `Operations a second, at most ${numbers.format(max)}`);
}

function showAll(data: LiveData): void {
  show('outcome', data.outcome);
  for (const name of ['timeText', 'leader'] as const) show(name, data[name]);
  for (const name of ['invoked', 'ok', 'fail', 'info', 'okPerS', 'unreadable'] as const) {
    show(name, numbers.format(data[name]));
  }
  for (const name of ['faults', 'operations', 'events'] as const) showLines(name, data[name]);
  showRate(data.seconds);
}

const address = document.getElementById('live')?.dataset['events'];
if (address !== undefined) {
  const source = new EventSource(address);
  source.addEventListener('open', () => show('connection', ''));
  source.addEventListener('message', (event: MessageEvent<string>) =>
    showAll(JSON.parse(event.data) as LiveData),
  );
  source.addEventListener('end', () => {
    source.close();
    show('connection', '(it has ended)');
    document.getElementById('report')?.removeAttribute('hidden');
  });
  source.addEventListener('error', () => {
    const gone = source.readyState === EventSource.CLOSED;
    show('connection', gone ? '(no connection: load the page again)' : '(connecting again)');
  });
}
