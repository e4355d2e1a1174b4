/** The axis of time above all charts. */
import { decimalsOf } from './ticks.ts';
import { drawRowName, SMALL_FONT } from './frame.ts';
import type { Frame, Panel } from './frame.ts';

/** @param name - whose times they are, where there are others */
export function axisPanel(name = ''): Panel {
  const height = 22;
  return {
    label: 'Axis of time in seconds since the run began',
    height,
    isShaded: false,
    draw(frame: Frame) {
      const { pen, theme, left, right, x } = frame;
      const { step, values } = frame.ticks;
      drawRowName(frame, name, height / 2 - 2);
      pen.font = SMALL_FONT;
      pen.textAlign = 'center';
      for (const seconds of values) {
        const at = x(seconds * 1e9);
        pen.fillStyle = theme.line;
        pen.fillRect(at - 0.5, height - 5, 1, 5);
        const label = `${seconds.toFixed(decimalsOf(step))} s`;
        const room = pen.measureText(label).width / 2;
        pen.fillStyle = theme.muted;
        pen.fillText(label, Math.min(Math.max(at, left + room), right - room), height / 2 - 2);
      }
      pen.fillStyle = theme.line;
      pen.fillRect(left, height - 1, right - left, 1);
      pen.textAlign = 'left';
    },
  };
}
