/** The story of a small run: a list to read, and the diagram of its messages. */
import type { ReportData, Story } from '../report-data.ts';
import { button, element } from './dom.ts';
import { formatCount, plural } from './format.ts';
import { mountDrawing } from './mount-drawing.ts';
import { storyDiagram } from './story-diagram.ts';
import { storyLines } from './story-lines.ts';
import type { StoryLine } from './story-lines.ts';

/** @param jump - shows an operation in the timeline */
export function storySection(
  { story, roles }: ReportData,
  jump: (operation: number) => void,
): HTMLElement | null {
  if (story === null) return null;
  return element(
    'section',
    { class: 'story-section', 'aria-labelledby': 'story' },
    element('h2', { id: 'story' }, 'Story'),
    element(
      'p',
      { class: 'hint' },
      'Step by step: what the clients did, what the nemesis did, what the nodes did and believed.',
    ),
    element('ol', { class: 'story' }, ...storyLines(story).map((line) => item(line, jump))),
    figure(story, roles, jump),
  );
}

function item(line: StoryLine, jump: (operation: number) => void): HTMLElement {
  const { time, who, text, kind, operation, isWitness } = line;
  const said = operation < 0 ? text : button(text, () => jump(operation), { class: 'jump' });
  return element(
    'li',
    { class: `${kind}${isWitness ? ' witness' : ''}` },
    element('span', { class: 'time' }, `${(time / 1e6).toFixed(3)} ms`),
    element('span', { class: 'who' }, who),
    element('span', {}, said),
  );
}

function figure(story: Story, roles: ReportData['roles'], jump: (operation: number) => void): HTMLElement {
  const notes = [
    'A column for each client and node, time downwards; only the order is true to scale.',
    '✕ dropped by the network, ○ seen by nobody. A thick line leads; a gap in it is down.',
    ...(story.routine > 0
      ? [
          `${plural(story.routine, 'message')} that ${story.routine === 1 ? 'says' : 'say'} nothing new (heartbeats) are left out.`,
        ]
      : []),
    ...(story.cut > 0 ? [`${formatCount(story.cut)} earlier messages are not drawn.`] : []),
  ];
  return element(
    'figure',
    { class: 'picture' },
    element(
      'div',
      { class: 'picture-scroll', tabindex: '0', role: 'group', 'aria-label': 'Message diagram' },
      mountDrawing(storyDiagram(story, roles, jump)),
    ),
    element('figcaption', {}, notes.join(' ')),
  );
}
