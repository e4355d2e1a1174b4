/**
 * Mouse, wheel and keys on the charts.
 *
 * Drag selects a range to zoom into, Shift and drag moves, a click selects an operation. The wheel zooms only while
 * the charts have the focus (after a click) or with Ctrl, so that it scrolls the page for everyone else.
 */
import { describeMoment } from './words.ts';
import { formatTime } from './format.ts';
import { element } from './dom.ts';
import { GUTTER, MARGIN_RIGHT } from './frame.ts';
import type { Hit, Panel } from './frame.ts';
import type { Stage } from './stage.ts';
import type { OverviewPanel } from './overview-panel.ts';

const ZOOM_STEP = 1.5;
const PAN_STEP = 0.2;
/** A press that moves less is a click. */
const MIN_DRAG_PX = 4;
const EDGE_PX = 6;
const WHEEL_SCALE = 0.0018;
/** Lines and pages of wheel events that do not count pixels. */
const WHEEL_MODE_PX = [1, 16, 400] as const;

export interface Charts {
  /** Holds all canvases; takes the focus and the keys. */
  readonly host: HTMLElement;
  readonly overview: { readonly panel: OverviewPanel; readonly canvas: HTMLCanvasElement };
  readonly panels: readonly { readonly panel: Panel; readonly canvas: HTMLCanvasElement }[];
  readonly onSelect: (row: number) => void;
}

export function attachPointer(stage: Stage, charts: Charts): void {
  const { viewport } = stage;
  const crosshair = element('div', { class: 'crosshair', hidden: '' });
  const selection = element('div', { class: 'selection', hidden: '' });
  const tooltip = element('div', { class: 'tooltip', hidden: '', role: 'tooltip' });
  charts.host.append(crosshair, selection);
  document.body.append(tooltip);

  const plot = (): { left: number; right: number; origin: number } => {
    const box = charts.host.getBoundingClientRect();
    return { left: GUTTER, right: box.width - MARGIN_RIGHT, origin: box.left };
  };
  const timeAt = (x: number): number => {
    const { left, right } = plot();
    return viewport.from + ((Math.min(Math.max(x, left), right) - left) / (right - left)) * viewport.span;
  };
  const hide = (): void => {
    tooltip.hidden = true;
    crosshair.hidden = true;
  };

  const showHit = (hit: Hit | null, time: number, event: PointerEvent): void => {
    const slack = viewport.span / 500;
    const [first, ...rest] = hit?.lines ?? [];
    tooltip.replaceChildren(
      ...(first === undefined ? [] : [element('strong', {}, first)]),
      ...rest.map((line) => element('div', {}, line)),
      element(
        'div',
        { class: 'moment' },
        element('div', {}, `at ${formatTime(time, 6)}`),
        ...describeMoment(stage.data, time, slack).map((line) => element('div', {}, line)),
      ),
    );
    tooltip.hidden = false;
    const { width, height } = tooltip.getBoundingClientRect();
    const x = event.clientX + 16 + width > innerWidth ? event.clientX - width - 12 : event.clientX + 16;
    const y = Math.min(event.clientY + 14, innerHeight - height - 8);
    tooltip.style.left = `${Math.max(4, x)}px`;
    tooltip.style.top = `${Math.max(4, y)}px`;
  };

  for (const { panel, canvas } of charts.panels) {
    let pressed: { x: number; from: number; to: number } | null = null;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      charts.host.focus({ preventScroll: true });
      pressed = { x: event.clientX, from: viewport.from, to: viewport.to };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      const { left, right, origin } = plot();
      const x = event.clientX - origin;
      if (pressed !== null && Math.abs(event.clientX - pressed.x) >= MIN_DRAG_PX) {
        hide();
        if (event.shiftKey) {
          const distance = ((pressed.x - event.clientX) / (right - left)) * (pressed.to - pressed.from);
          viewport.show(pressed.from + distance, pressed.to + distance);
          selection.hidden = true;
        } else {
          const edges = [pressed.x - origin, x].map((at) => Math.min(Math.max(at, left), right));
          selection.hidden = false;
          selection.style.left = `${Math.min(...edges)}px`;
          selection.style.width = `${Math.abs((edges[0] ?? 0) - (edges[1] ?? 0))}px`;
        }
        return;
      }
      if (x < left || x > right) return hide();
      crosshair.hidden = false;
      crosshair.style.left = `${x}px`;
      showHit(stage.hit(panel, canvas, x, event.offsetY), timeAt(x), event);
    });
    const release = (event: PointerEvent): void => {
      if (pressed === null) return;
      const { origin } = plot();
      const isDrag = !selection.hidden;
      selection.hidden = true;
      const start = pressed;
      pressed = null;
      if (event.type === 'pointercancel') return;
      if (isDrag) {
        const times = [timeAt(start.x - origin), timeAt(event.clientX - origin)];
        viewport.show(Math.min(...times), Math.max(...times));
      } else if (Math.abs(event.clientX - start.x) < MIN_DRAG_PX) {
        charts.onSelect(stage.hit(panel, canvas, event.clientX - origin, event.offsetY)?.operation ?? -1);
      }
    };
    canvas.addEventListener('pointerup', release);
    canvas.addEventListener('pointercancel', release);
    canvas.addEventListener('pointerleave', hide);
    canvas.addEventListener('dblclick', () => viewport.showWhole());
  }
  attachOverview(stage, charts);
  attachWheel(stage, charts, (event) => timeAt(event.clientX - plot().origin), hide);
  attachKeys(stage, charts);
}

function attachWheel(
  { viewport }: Stage,
  { host }: Charts,
  anchor: (event: WheelEvent) => number,
  hide: () => void,
): void {
  host.addEventListener(
    'wheel',
    (event) => {
      const unit = WHEEL_MODE_PX[event.deltaMode] ?? 1;
      const [dx, dy] =
        event.shiftKey && event.deltaX === 0 ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
      if (Math.abs(dx) > Math.abs(dy)) {
        if (viewport.isWhole) return;
        event.preventDefault();
        viewport.pan((dx * unit) / host.clientWidth);
        return;
      }
      const isMeant = event.ctrlKey || event.metaKey || document.activeElement === host;
      // Further out than the whole run: the reader wants to scroll the page.
      if (!isMeant || (dy > 0 && viewport.isWhole)) return;
      event.preventDefault();
      hide();
      viewport.zoom(Math.exp(dy * unit * WHEEL_SCALE), anchor(event));
    },
    { passive: false },
  );
}

function attachKeys(stage: Stage, { host, onSelect }: Charts): void {
  const { viewport } = stage;
  const step = (direction: 1 | -1): void => {
    const { count, start } = stage.operations;
    let row = stage.selected;
    if (row < 0) {
      row = direction > 0 ? -1 : count;
      while (direction > 0 && row + 1 < count && (start[row + 1] as number) < viewport.from) row++;
    }
    do row += direction;
    while (row >= 0 && row < count && !stage.isShown(row));
    if (row < 0 || row >= count) return;
    onSelect(row);
    const at = start[row] as number;
    if (at < viewport.from || at > viewport.to) viewport.show(at - viewport.span / 2, at + viewport.span / 2);
  };
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => viewport.pan(-PAN_STEP),
    ArrowRight: () => viewport.pan(PAN_STEP),
    '+': () => viewport.zoom(1 / ZOOM_STEP, viewport.middle),
    '=': () => viewport.zoom(1 / ZOOM_STEP, viewport.middle),
    '-': () => viewport.zoom(ZOOM_STEP, viewport.middle),
    '0': () => viewport.showWhole(),
    n: () => step(1),
    p: () => step(-1),
    Escape: () => {
      onSelect(-1);
      host.blur();
    },
  };
  host.addEventListener('keydown', (event) => {
    const action = actions[event.key];
    if (action === undefined || event.target !== host || event.ctrlKey || event.metaKey || event.altKey)
      return;
    event.preventDefault();
    action();
  });
}

/** Drag the window to move it, its edges to stretch it, elsewhere to draw a new one. */
function attachOverview({ viewport }: Stage, { overview: { panel, canvas } }: Charts): void {
  let drag: { mode: 'move' | 'from' | 'to' | 'new'; start: number; from: number; to: number } | null = null;
  const frame = () => ({ left: GUTTER, right: canvas.clientWidth - MARGIN_RIGHT });
  const nsPerPx = (): number => panel.timeAt(frame(), GUTTER + 1) - panel.timeAt(frame(), GUTTER);
  const modeAt = (time: number): 'move' | 'from' | 'to' | 'new' => {
    const slack = EDGE_PX * nsPerPx();
    if (viewport.isWhole) return 'new';
    if (Math.abs(time - viewport.from) <= slack && viewport.span > 3 * slack) return 'from';
    if (Math.abs(time - viewport.to) <= slack && viewport.span > 3 * slack) return 'to';
    return time > viewport.from - slack && time < viewport.to + slack ? 'move' : 'new';
  };
  canvas.addEventListener('pointerdown', (event) => {
    const start = panel.timeAt(frame(), event.offsetX);
    drag = { mode: modeAt(start), start, from: viewport.from, to: viewport.to };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    const time = panel.timeAt(frame(), event.offsetX);
    if (drag === null) {
      canvas.style.cursor = { move: 'grab', from: 'ew-resize', to: 'ew-resize', new: 'crosshair' }[
        modeAt(time)
      ];
      return;
    }
    const { mode, start, from, to } = drag;
    if (mode === 'move') viewport.show(from + time - start, to + time - start);
    else if (mode === 'new') {
      if (Math.abs(time - start) >= MIN_DRAG_PX * nsPerPx())
        viewport.show(Math.min(start, time), Math.max(start, time));
    } else
      viewport.show(Math.min(mode === 'from' ? time : from, to), Math.max(mode === 'to' ? time : to, from));
  });
  canvas.addEventListener('pointerup', (event) => {
    const time = panel.timeAt(frame(), event.offsetX);
    // A click beside the window brings it there.
    if (drag?.mode === 'new' && Math.abs(time - drag.start) < MIN_DRAG_PX * nsPerPx() && !viewport.isWhole) {
      viewport.show(time - viewport.span / 2, time + viewport.span / 2);
    }
    drag = null;
  });
  canvas.addEventListener('pointercancel', () => (drag = null));
}
