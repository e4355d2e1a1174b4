/** Transcripts of the group coordinator: `testdata/*.transcript`. UPDATE_TRANSCRIPTS=1 writes what is printed now. */
import { testTranscripts } from '../../../testing/transcripts.ts';
import { runGroupTranscript } from './testing/transcript.ts';

testTranscripts('transcripts of the group coordinator', import.meta.dirname, 8, runGroupTranscript);
