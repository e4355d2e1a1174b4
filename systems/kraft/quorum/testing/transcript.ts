/**
 * Runs a transcript: a text file of commands, each followed by what it printed.
 *
 *     # An election in a quorum of three.
 *     > nodes 3
 *     > timeout 1
 *     n1 is pre-candidate epoch=0
 *     …
 *
 * Commands: `nodes VOTERS [observers=N] [kraft=1] [option=value …] [bug=NAME]`, `load NODE epoch=E log=1,1,2`, `timeout NODE`,
 * `elapse MS`, `append NODE TEXT …`, `deliver|drop [FROM|*] [TO|*]`, `store NODE …|all`, `settle`, `run MS`, `kill|restart NODE`,
 * `cut|heal NODE`, `snapshot|clean|resign|describe NODE`, `add|remove|update NODE VOTER`, `status`, `quiet` and `loud`.
 */
import { replayTranscript } from '../../../testing/transcripts.ts';
import { assert } from '../../../../harness/errors.ts';
import { listenersOf, QuorumCluster } from './core-cluster.ts';

/** The same text with the output as it is now. */
export function runTranscript(text: string): string {
  const player = new Player();
  return replayTranscript(text, (words) => player.play(words));
}

const ADD_VOTER_TIMEOUT_MS = 1000;

class Player {
  private cluster = new QuorumCluster({ voters: 1 });

  play([command = '', ...args]: readonly string[]): string[] {
    if (command === 'nodes') this.create(args);
    else this.act(command, args);
    const { output } = this.cluster;
    this.cluster.output = [];
    return output;
  }

  private create([voters = '3', ...settings]: readonly string[]): void {
    const pairs = settings.map((setting) => setting.split('=') as [string, string]);
    const bugs = pairs.filter(([name]) => name === 'bug').map(([, value]) => value);
    const numbers = Object.fromEntries(
      pairs.filter(([name]) => name !== 'bug').map(([name, value]) => [name, Number(value)]),
    );
    const { observers = 0, kraft = 0, ...options } = numbers;
    this.cluster = new QuorumCluster({
      voters: Number(voters),
      observers,
      kraftVersion: kraft,
      options,
      bugs,
    });
  }

  private act(command: string, args: readonly string[]): void {
    const { cluster } = this;
    const [first = '', second = ''] = args;
    const nodeId = Number(first);
    const end = (text: string): number | '*' => (text === '' || text === '*' ? '*' : Number(text));
    switch (command) {
      case 'load': {
        const settings = new Map(args.slice(1).map((pair) => pair.split('=') as [string, string]));
        const epochs = (settings.get('log') ?? '').split(',').filter((text) => text !== '');
        return cluster.load(nodeId, Number(settings.get('epoch')), epochs.map(Number));
      }
      case 'elapse':
        cluster.nowMs += nodeId;
        return cluster.ids.filter((id) => cluster.node(id).up).forEach((id) => cluster.tick(id));
      case 'append':
        cluster.append(nodeId, args.slice(1));
        return;
      case 'deliver':
      case 'drop':
        return cluster[command](end(first), end(second));
      case 'store':
        return (first === 'all' ? cluster.ids : args.map(Number)).forEach((id) => cluster.store(id));
      case 'settle':
        assert(cluster.settle(), 'messages go round for ever');
        return;
      case 'run':
        assert(cluster.run(nodeId), 'messages go round for ever');
        return;
      case 'status':
        return cluster.status();
      case 'timeout':
      case 'kill':
      case 'restart':
      case 'clean':
      case 'resign':
        return cluster[command](nodeId);
      case 'snapshot':
        cluster.takeSnapshot(nodeId);
        return;
      case 'cut':
        cluster.cutOff.add(nodeId);
        return;
      case 'heal':
        cluster.cutOff.delete(nodeId);
        return;
      case 'quiet':
      case 'loud':
        cluster.showsMessages = command === 'loud';
        return;
      default:
        return this.administer(command, nodeId, Number(second));
    }
  }

  private administer(command: string, nodeId: number, voterId: number): void {
    const { cluster } = this;
    const voter = { clusterId: 'shaken', voterId, voterDirectoryId: `d${voterId}` };
    const listeners = listenersOf(voterId);
    switch (command) {
      case 'describe':
        return cluster.command(nodeId, { api: 'describe-quorum' });
      case 'add':
        return cluster.command(nodeId, {
          api: 'add-voter',
          ...voter,
          listeners,
          timeoutMs: ADD_VOTER_TIMEOUT_MS,
        });
      case 'remove':
        return cluster.command(nodeId, { api: 'remove-voter', ...voter });
      case 'update': {
        const currentLeaderEpoch = cluster.core(nodeId).status().epoch;
        return cluster.command(nodeId, { api: 'update-voter', ...voter, listeners, currentLeaderEpoch });
      }
      default:
        throw new Error(`unknown command ${command}`);
    }
  }
}
