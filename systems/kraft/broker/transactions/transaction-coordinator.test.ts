/** Transcripts of the transaction coordinator: `testdata/*.transcript`. UPDATE_TRANSCRIPTS=1 writes what is printed now. */
import { testTranscripts } from '../../../testing/transcripts.ts';
import { runTransactionTranscript } from './testing/transcript.ts';

testTranscripts(
  'transcripts of the transaction coordinator',
  import.meta.dirname,
  6,
  runTransactionTranscript,
);
