/**
 * Runs a transcript: a text file of commands, each followed by what it printed.
 *
 *     # An election in a cluster of three.
 *     > nodes 3
 *     > timeout n1
 *     n1 is pre-candidate term=0
 *     …
 *
 * Commands: `nodes COUNT [option=value …] [bug=NAME]`, `load NODE term=T log=1,1,2`, `timeout NODE`, `elapse MS`,
 * `register NODE`, `propose NODE SESSION SEQUENCE OP KEY [JSON …]`, `read NODE KEY`, `deliver|drop|duplicate [FROM] [TO]`,
 * `store NODE …|all`, `settle`, `restart NODE`, `cut|heal NODE`, `status`, `quiet` and `loud` (messages unsaid or said).
 */
import { replayTranscript } from '../../testing/transcripts.ts';
import type { Json } from '../../../harness/history/operation.ts';
import type { CommandName } from '../payload.ts';
import { CoreCluster } from './core-cluster.ts';

/** The same text with the output as it is now. */
export function runTranscript(text: string): string {
  const player = new Player();
  return replayTranscript(text, (words) => player.play(words));
}

class Player {
  private cluster = new CoreCluster(['n1'], {}, []);
  private token = 0;

  play(words: readonly string[]): string[] {
    const [command = '', ...args] = words;
    if (command === 'nodes') {
      this.create(args);
    } else {
      this.act(command, args);
    }
    const { output } = this.cluster;
    this.cluster.output = [];
    return output;
  }

  private create([count = '3', ...settings]: readonly string[]): void {
    const names = Array.from({ length: Number(count) }, (_, i) => `n${i + 1}`);
    const pairs = settings.map((setting) => setting.split('=') as [string, string]);
    const bugs = pairs.filter(([name]) => name === 'bug').map(([, value]) => value);
    const options = Object.fromEntries(
      pairs.filter(([name]) => name !== 'bug').map(([name, value]) => [name, JSON.parse(value) as Json]),
    );
    this.cluster = new CoreCluster(names, options, bugs);
    this.token = 0;
  }

  private act(command: string, args: readonly string[]): void {
    const { cluster } = this;
    const [first = '', second] = args;
    switch (command) {
      case 'load': {
        const settings = Object.fromEntries(args.slice(1).map((pair) => pair.split('=') as [string, string]));
        const terms = (settings['log'] ?? '').split(',').filter((text) => text !== '');
        return cluster.load(first, Number(settings['term']), terms.map(Number));
      }
      case 'timeout':
        return cluster.timeout(first);
      case 'elapse':
        return cluster.elapse(Number(first));
      case 'register':
        return cluster.propose(first, { kind: 'register', nonce: 0 }, ++this.token);
      case 'propose':
        return this.propose(args);
      case 'read':
        return cluster.read(first, second ?? '', ++this.token);
      case 'deliver':
      case 'drop':
      case 'duplicate':
        return cluster[command](args[0], second);
      case 'store':
        return (first === 'all' ? cluster.names : args).forEach((name) => cluster.store(name));
      case 'settle':
      case 'status':
        return cluster[command]();
      case 'restart':
      case 'cut':
      case 'heal':
        return cluster[command](first);
      case 'quiet':
      case 'loud':
        cluster.showsMessages = command === 'loud';
        return;
      default:
        throw new Error(`unknown command ${command}`);
    }
  }

  private propose([node = '', session, sequence, op, key = '', ...values]: readonly string[]): void {
    const [first = null, second = null] = values.map((text) => JSON.parse(text) as Json);
    this.cluster.propose(
      node,
      {
        kind: 'command',
        session: Number(session),
        sequence: Number(sequence),
        op: op as CommandName,
        key,
        value: op === 'cas' ? second : first,
        expected: op === 'cas' ? first : null,
      },
      ++this.token,
    );
  }
}
