/**
 * One process at a time for a folder, or several that share it: a lock of SQLite on an empty file in it, which the system gives back when
 * the process ends, however that is.
 *
 *     const lock = FolderLock.take(join(folder, 'sweep.lock'));   // null while another process has it, alone or shared
 *     lock?.release();
 */
import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

export class FolderLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * @param file - made if it is not there, and never removed: another may wait for it
   * @throws where the file cannot be written
   */
  static take(file: string): FolderLock | null {
    return FolderLock.#begin(file, 'BEGIN EXCLUSIVE');
  }

  /**
   * With others that share it: null while one has it alone.
   *
   * @param file - as for `take`
   */
  static share(file: string): FolderLock | null {
    return FolderLock.#begin(file, 'BEGIN; SELECT count(*) FROM sqlite_schema');
  }

  static #begin(file: string, sql: string): FolderLock | null {
    const database = new DatabaseSync(file, { timeout: 0 });
    try {
      database.exec(sql);
      return new FolderLock(database);
    } catch (error) {
      database.close();
      if ((error as { errcode?: unknown }).errcode === SQLITE_BUSY) return null;
      throw error;
    }
  }

  release(): void {
    this.#database.close();
  }
}
