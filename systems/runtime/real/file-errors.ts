/** What the operating system says of a file, in the words of the contract. */
import { FileError, type FileErrorCode } from '../runtime.ts';
import { messageOf } from '../../../harness/errors.ts';

export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
}

const CODES: Readonly<Record<string, FileErrorCode>> = {
  ENOENT: 'ENOENT',
  EEXIST: 'EEXIST',
  ENOSPC: 'ENOSPC',
  EDQUOT: 'ENOSPC',
  EISDIR: 'EINVAL',
  ENOTDIR: 'EINVAL',
  ENOTEMPTY: 'EINVAL',
  EINVAL: 'EINVAL',
};

/** What it says that the contract has no word for is a failure of the device. */
export function fileErrorFrom(thrown: unknown, path: string): FileError {
  if (thrown instanceof FileError) return thrown;
  const code = CODES[codeOf(thrown) ?? ''] ?? 'EIO';
  return new FileError(code, path, `${code}: ${path}: ${messageOf(thrown)}`);
}
