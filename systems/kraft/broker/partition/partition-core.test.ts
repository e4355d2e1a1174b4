/** Transcripts of the core: `testdata/*.transcript`. UPDATE_TRANSCRIPTS=1 writes what is printed now. */
import { testTranscripts } from '../../../testing/transcripts.ts';
import { runTranscript } from './testing/transcript.ts';

testTranscripts('transcripts of a partition', import.meta.dirname, 5, runTranscript);
