/** Failures that were found, shrunk and promoted (docs/regression-tests.md): of bugs in the catalogue, which have to stay found. */
import { basename } from 'node:path';
import { describe, it } from 'vitest';
import { expectPromoted, promotedRuns } from '../../harness/cli/vitest.ts';

describe('failures that were found once', () => {
  it.each(promotedRuns(import.meta.dirname).map((path) => [basename(path), path]))('%s', async (_, path) => {
    await expectPromoted(path);
  });
});
