/** Transcripts of the controller: `testdata/*.transcript`. UPDATE_TRANSCRIPTS=1 writes what is printed now. */
import { testTranscripts } from '../../testing/transcripts.ts';
import { runTranscript } from './testing/transcript.ts';

testTranscripts('transcripts of the controller', import.meta.dirname, 8, runTranscript);
