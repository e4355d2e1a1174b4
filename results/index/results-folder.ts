/** The folder that the user named, with the results of runs in it. */
import { realpathSync, statSync } from 'node:fs';
import { HarnessError } from '../../harness/errors.ts';
import { RunDirectory } from '../run-directory.ts';

/** @returns its path without links in it. @throws HarnessError `usage` where there is none, or it is a run itself */
export function resultsFolder(folder: string): string {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new HarnessError(
      'usage',
      `there is no folder ${folder}: name the one with the results of your runs, or let shaketable run make one`,
    );
  }
  if (RunDirectory.isRun(folder)) {
    throw new HarnessError(
      'usage',
      `${folder} is a run: name a folder above it, or see it alone by shaketable report ${folder}`,
    );
  }
  return realpathSync(folder);
}
