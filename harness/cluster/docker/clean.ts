/**
 * Removing what runs made in Docker, found by label: at the end of a run its own, in `shaketable clean` what dead runs left.
 *
 *     for (const run of await findRuns(engine)) if (run.harness === 'gone') await removeRun(engine, run.name);
 */
import type { Engine } from './engine.ts';
import { unlessGone } from './engine-error.ts';
import { harnessOf, LABEL, type Harness, type Labels } from './labels.ts';

export interface FoundRun {
  /** The value of the label `shaketable.run`. */
  readonly name: string;
  readonly harness: Harness;
  readonly host: string;
  readonly pid: string;
  /** Since the oldest of what it made was made. */
  readonly ageMs: number;
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}

/** A harness of another host cannot be seen; no run takes this long. */
const OLD_MS = 24 * 60 * 60 * 1000;

/** An address in use, or a volume that a dying container still holds: Docker is behind for a moment. */
const ATTEMPTS_MAX = 20;
const RETRY_MS = 150;

export const isOld = ({ ageMs }: FoundRun): boolean => ageMs > OLD_MS;

export async function findRuns({ docker }: Engine, nowMs: number = Date.now()): Promise<FoundRun[]> {
  const filters = { label: [LABEL.run] };
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const found = [
    ...containers.map(({ Id, Names, Labels, Created }) => ({
      kind: 'containers' as const,
      name: Names[0]?.replace(/^\//, '') ?? Id,
      labels: Labels,
      createdMs: Created * 1000,
    })),
    ...networks.map(({ Name, Labels, Created }) => ({
      kind: 'networks' as const,
      name: Name,
      labels: Labels ?? {},
      createdMs: Date.parse(Created),
    })),
    ...((Volumes as VolumeInfo[] | null) ?? []).map(({ Name, Labels, CreatedAt }) => ({
      kind: 'volumes' as const,
      name: Name,
      labels: Labels ?? {},
      createdMs: Date.parse(CreatedAt ?? ''),
    })),
  ];
  const runs = Map.groupBy(found, ({ labels }) => labels[LABEL.run] ?? '');
  return [...runs]
    .map(([name, things]) => {
      const namesOf = (kind: string): string[] =>
        things
          .filter((thing) => thing.kind === kind)
          .map((thing) => thing.name)
          .sort();
      const labels = things[0]?.labels ?? {};
      const oldestMs = Math.min(...things.map(({ createdMs }) => createdMs).filter(Number.isFinite), nowMs);
      return {
        name,
        harness: harnessOf(labels),
        host: labels[LABEL.host] ?? '',
        pid: labels[LABEL.pid] ?? '',
        ageMs: nowMs - oldestMs,
        containers: namesOf('containers'),
        networks: namesOf('networks'),
        volumes: namesOf('volumes'),
      };
    })
    .sort((a, b) => b.ageMs - a.ageMs);
}

interface VolumeInfo {
  readonly Name: string;
  readonly Labels?: Labels | null;
  readonly CreatedAt?: string;
}

/** Containers with all that is in them, then the networks and volumes that they held. What is gone already is no error. */
export async function removeRun({ docker }: Engine, runName: string): Promise<void> {
  const filters = { label: [`${LABEL.run}=${runName}`] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(
    containers.map(({ Id }) => unlessGone(docker.getContainer(Id).remove({ force: true, v: true }))),
  );
  const [networks, { Volumes }] = await Promise.all([
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  await Promise.all([
    ...networks.map(({ Id }) => persistently(() => docker.getNetwork(Id).remove())),
    ...((Volumes as VolumeInfo[] | null) ?? []).map(({ Name }) =>
      persistently(() => docker.getVolume(Name).remove()),
    ),
  ]);
}

async function persistently(remove: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await unlessGone(remove());
    } catch (thrown) {
      if (attempt === ATTEMPTS_MAX) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
