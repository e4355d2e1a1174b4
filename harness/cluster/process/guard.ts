/**
 * Ends the nodes when the harness dies, however it dies: a small shell in a session of its own, whose standard input ends with us.
 *
 *     const guard = new Guard();
 *     guard.watch(pid);        // a process group
 *     guard.forget(pid);       // it is gone: its number may be another's soon
 *     guard.close();
 *
 * A `kill -9` of the harness lets it do nothing any more, and a stopped node (SIGSTOP) sees nothing: somebody else has to.
 */
import { type ChildProcess, spawn } from 'node:child_process';

/** Portable: no more than POSIX asks of sh and kill. */
const SCRIPT = `
groups=" "
while read -r verb group; do
  case $verb in
    watch) groups="$groups$group " ;;
    forget) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done`;

export class Guard {
  readonly #shell: ChildProcess;

  constructor() {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#shell.on('error', () => undefined); // without a shell it is the nodes' own watch alone
    this.#shell.stdin?.on('error', () => undefined);
    this.#shell.unref();
  }

  watch(processGroup: number): void {
    this.#say(`watch ${processGroup}`);
  }

  forget(processGroup: number): void {
    this.#say(`forget ${processGroup}`);
  }

  /** Ends what is still watched. */
  close(): void {
    this.#shell.stdin?.end();
  }

  #say(line: string): void {
    if (this.#shell.stdin?.writable === true) this.#shell.stdin.write(`${line}\n`);
  }
}
