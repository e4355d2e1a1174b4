/**
 * One fault, from its injection to its end, and the nemesis made of kinds of them.
 *
 * A {@link FaultKind} says how to choose a fault's explicit parameters and how to inject it. While it injects, it
 * puts every single change on its {@link Fault} together with the way back, so that ending a fault is the same for
 * all: go the ways back, add up what was observed. A fault that failed half-way is ended in the same manner.
 *
 *     const pause = faultKind({
 *       begin: 'pause', end: 'resume', parameters: z.object({ nodes: z.array(z.string()) }),
 *       effects: ['eventsDeferred'],
 *       choose: (target, scene, random) => chooseTarget(…),
 *       inject: async ({ nodes }, fault) => {
 *         for (const node of nodes) await fault.hold(`pause ${node}`, [node], () => pause(node), () => resume(node));
 *         return `paused ${nodes}`;
 *       },
 *     });
 *     new FaultNemesis('pause', [pause], cluster, { intervalMs, seed })
 *
 * It does not schedule (schedule.ts) and does not know other nemeses: they meet in the ledger.
 */
import { z } from 'zod';
import { HarnessError } from '../harness/errors.ts';
import type { Cluster, Observed } from '../harness/cluster/cluster.ts';
import type { FaultEffect, Json } from '../harness/history/operation.ts';
import type { Invocation } from '../harness/interpreter/client.ts';
import { type Random, randomStream } from '../harness/random.ts';
import { FaultLedger } from './fault-ledger.ts';
import type { ExplicitFault, HealedFault, Nemesis, NemesisOptions } from './nemesis.ts';
import { addObserved, anyObserved } from './observed.ts';
import { requireNodes, type Scene, sceneOf } from './targets.ts';

/** In a description; a partition may leave many links alone. */
const SHOWN_RESOURCES = 2;

/** A fault while it is in force, as its kind sees it. */
export class Fault {
  readonly faultId: number;
  readonly cluster: Cluster;
  readonly ledger: FaultLedger;
  /** The cluster at the moment when the fault began. */
  readonly scene: Scene;
  observed: Observed = {};
  readonly #nodes = new Set<string>();
  /** What it took, in that order. */
  readonly #resources: string[] = [];
  readonly #notes: string[] = [];
  /** What it left alone, by the fault that has it. */
  readonly #left = new Map<number, readonly string[]>();

  constructor(faultId: number, cluster: Cluster, ledger: FaultLedger) {
    this.faultId = faultId;
    this.cluster = cluster;
    this.ledger = ledger;
    this.scene = sceneOf(cluster);
  }

  /**
   * Takes a resource, changes it, and keeps the way back. Leaves it alone, with a note, when another fault has it.
   *
   * @param changeBack - run at the end, and never twice; answers what was observed since. It must bear that the change itself failed
   */
  async hold(
    resource: string,
    nodes: readonly string[],
    change: () => Promise<Observed | void>,
    changeBack: () => Promise<Observed>,
  ): Promise<void> {
    requireNodes(nodes, this.cluster.nodes);
    const owner = { faultId: this.faultId, changeBack: async () => this.observe(await changeBack()) };
    if (!this.ledger.take(resource, owner)) {
      const other = this.ledger.ownerOf(resource) ?? 0;
      this.#left.set(other, [...(this.#left.get(other) ?? []), resource]);
      return;
    }
    this.#resources.push(resource);
    for (const node of nodes) this.#nodes.add(node);
    this.observe((await change()) ?? {});
  }

  /** Adds to the counters that the end reports. */
  observe(observed: Observed): void {
    this.observed = addObserved(this.observed, observed);
  }

  /** Something that people should know: what was left out, and why. */
  note(text: string): void {
    this.#notes.push(text);
  }

  /** Nodes that it changed, sorted. */
  get nodes(): readonly string[] {
    return [...this.#nodes].sort();
  }

  /** The notes since they were last taken. */
  takeNotes(): readonly string[] {
    const left = [...this.#left].map(([owner, resources]) => {
      const more =
        resources.length > SHOWN_RESOURCES ? ` and ${resources.length - SHOWN_RESOURCES} more` : '';
      return `left to fault ${owner}: ${resources.slice(0, SHOWN_RESOURCES).join(', ')}${more}`;
    });
    this.#left.clear();
    return [...left, ...this.#notes.splice(0)];
  }

  /** Changes everything back. What cannot be changed back stays in force, and the rest with it; another call tries again. */
  async release(): Promise<void> {
    for (let resource = this.#resources[0]; resource !== undefined; resource = this.#resources[0]) {
      if (this.ledger.ownerOf(resource) === this.faultId) await this.ledger.giveBack(resource);
      else this.note(`the ${resource} had been ended by another fault`);
      this.#resources.shift();
    }
  }
}

/** One kind of fault; P is its explicit parameters. */
interface FaultKindOf<P> {
  /** The verb that begins it, and the one that ends it. */
  readonly begin: string;
  readonly end: string;
  /** Counters of which at least one moves when a node could notice the fault. */
  readonly effects: readonly string[];
  /** Makes a target explicit. Throws a ZodError for a target that it does not know. */
  choose(target: Json | undefined, scene: Scene, random: Random): P;
  /** Injects it and says for people what was done. */
  inject(parameters: P, fault: Fault): Promise<string>;
}

/** A kind whose shape of parameters nobody else needs to know. `inject` throws a ZodError for another shape. */
export type FaultKind = FaultKindOf<Json>;

export function faultKind<P extends Json>(
  spec: FaultKindOf<P> & { readonly parameters: z.ZodType<P> },
): FaultKind {
  const { parameters, inject, ...kind } = spec;
  return { ...kind, inject: async (json, fault) => inject(parameters.parse(json), fault) };
}

const json = z.json() as z.ZodType<Json>;

const name = z.string();
const faultId = z.int().min(1);

const requestSchema = z.union([
  z.object({ parameters: z.object({ fault: name, faultId }).catchall(json) }),
  z.object({ fault: name, faultId: faultId.optional(), target: json.optional() }),
]);

interface ReadRequest {
  readonly fault: string;
  readonly faultId: number | undefined;
  readonly target: Json | undefined;
  /** Exactly this; absent when the nemesis is to choose. */
  readonly parameters: Json | undefined;
}

/**
 * Reads an invocation's value, a FaultRequest.
 *
 * @throws HarnessError `nemesis` when it is none
 */
export function readRequest({ f, value }: Invocation): ReadRequest {
  const result = requestSchema.safeParse(value);
  if (!result.success) {
    const problem = `its value must be {fault, target?, faultId?} or {parameters: {fault, faultId, …}}`;
    throw new HarnessError('nemesis', `cannot ${f} with ${JSON.stringify(value)}: ${problem}`);
  }
  if ('parameters' in result.data) {
    const { parameters } = result.data;
    return { fault: parameters.fault, faultId: parameters.faultId, target: undefined, parameters };
  }
  const { fault, faultId, target } = result.data;
  return { fault, faultId, target, parameters: undefined };
}

function badRequest(f: string, error: z.ZodError): HarnessError {
  const issue = error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  return new HarnessError(
    'nemesis',
    `${f} cannot be done as asked${where}: ${issue?.message ?? 'bad value'}`,
    {
      cause: error,
    },
  );
}

interface InForce {
  readonly kind: FaultKind;
  readonly fault: Fault;
  description: string;
}

/** The nemesis of some kinds of faults, of which one at a time is in force. */
export class FaultNemesis implements Nemesis {
  readonly #name: string;
  readonly #kinds: readonly FaultKind[];
  readonly #cluster: Cluster;
  readonly #seed: number;
  readonly #ledger: FaultLedger;
  #inForce: InForce | null = null;

  constructor(name: string, kinds: readonly FaultKind[], cluster: Cluster, options: NemesisOptions) {
    this.#name = name;
    this.#kinds = kinds;
    this.#cluster = cluster;
    this.#seed = options.seed;
    this.#ledger = options.ledger ?? new FaultLedger();
  }

  invoke(invocation: Invocation): Promise<FaultEffect> {
    return this.#ledger.exclusively(async () => {
      const request = readRequest(invocation);
      try {
        const begun = this.#kinds.find((kind) => kind.begin === invocation.f);
        if (begun !== undefined) return await this.#begin(begun, request);
        if (this.#kinds.some((kind) => kind.end === invocation.f)) return await this.#end(request);
      } catch (error) {
        if (error instanceof z.ZodError) throw badRequest(invocation.f, error);
        throw HarnessError.from(error, 'nemesis', `nemesis ${this.#name} could not ${invocation.f}`);
      }
      throw new HarnessError('nemesis', `nemesis ${this.#name} does not know the verb ${invocation.f}`);
    });
  }

  healAll(): Promise<readonly HealedFault[]> {
    return this.#ledger.exclusively(async () => {
      if (this.#inForce === null) return [];
      const { kind, fault } = this.#inForce;
      const invocation = { f: kind.end, value: { fault: this.#name, faultId: fault.faultId } };
      try {
        return [{ invocation, effect: await this.#end(readRequest(invocation)) }];
      } catch (error) {
        throw HarnessError.from(error, 'nemesis', `nemesis ${this.#name} could not ${kind.end}`);
      }
    });
  }

  async #begin(kind: FaultKind, request: ReadRequest): Promise<FaultEffect> {
    const faultId = this.#ledger.issueFaultId(request.faultId);
    const fault = new Fault(faultId, this.#cluster, this.#ledger);
    const random = randomStream(this.#seed, 'nemesis', this.#name, faultId);
    const chosen = request.parameters ?? kind.choose(request.target, fault.scene, random);
    // The order of the fields counts: a replay must record the same bytes.
    const parameters: ExplicitFault = { fault: this.#name, faultId, ...(chosen as object) };
    if (this.#inForce !== null) {
      const { fault: other, description } = this.#inForce;
      return this.#nothing(parameters, `left fault ${other.faultId} in force: ${description}`);
    }
    // In force from here on: what fails half-way must be ended too.
    const inForce: InForce = { kind, fault, description: `failed to ${kind.begin}` };
    this.#inForce = inForce;
    const done = await kind.inject(parameters, fault);
    inForce.description = [done, ...fault.takeNotes()].join('; ');
    return {
      faultId,
      fault: this.#name,
      edge: 'begin',
      nodes: fault.nodes,
      description: inForce.description,
      parameters,
    };
  }

  async #end(request: ReadRequest): Promise<FaultEffect> {
    const inForce = this.#inForce;
    const faultId = request.faultId ?? inForce?.fault.faultId ?? this.#ledger.issueFaultId();
    const parameters = { fault: this.#name, faultId };
    if (inForce?.fault.faultId !== faultId) return this.#nothing(parameters, 'was not in force');
    const { kind, fault, description } = inForce;
    await fault.release();
    this.#inForce = null;
    return {
      faultId: fault.faultId,
      fault: this.#name,
      edge: 'end',
      nodes: fault.nodes,
      description: [`${kind.end}: ${description}`, ...fault.takeNotes()].join('; '),
      parameters,
      observed: fault.observed,
      tookEffect: anyObserved(fault.observed, kind.effects),
    };
  }

  /** Nothing changed. */
  #nothing(parameters: ExplicitFault, description: string): FaultEffect {
    const { faultId, fault } = parameters;
    const effect = { faultId, fault, edge: 'instant', nodes: [], description, parameters } as const;
    return { ...effect, observed: {}, tookEffect: false };
  }
}
