/** What a saved run has of its story: all of its trace and its messages, where it was small enough to record those. */
import type { RunDirectory } from '../../results/run-directory.ts';
import type { StoryInput } from '../../results/report/story-rows.ts';
import { decodeMessages } from '../history/messages.ts';
import { decodeTrace } from '../history/trace-lines.ts';

/** @throws HarnessError when one of its files is no such file */
export function savedStory(directory: RunDirectory): { readonly story?: StoryInput } {
  if (!directory.has('messages.jsonl') || !directory.has('trace.jsonl')) return {};
  const read = (name: string): Buffer => directory.read(name);
  return {
    story: {
      trace: decodeTrace(read('trace.jsonl'), { fileName: directory.file('trace.jsonl') }).records,
      messages: decodeMessages(read('messages.jsonl'), { fileName: directory.file('messages.jsonl') })
        .records,
    },
  };
}
