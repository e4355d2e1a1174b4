/**
 * Topics that are created because a client asked about them (`auto.create.topics.enable`).
 *
 *     const topics = new AutoTopics(runtime, properties, link);
 *     topics.create(['orders']);     // at once; the client finds the topic when it asks again
 *
 * The controller chooses number and replication by its defaults, but for the topics of coordinators, which have their own. What is
 * under way is not asked for again.
 */
import type { Runtime } from '../../../runtime/runtime.ts';
import { isInternalTopic } from '../../internal-topics.ts';
import { ERROR, errorName } from '../../wire/error-codes.ts';
import type { RequestInputBody } from '../../wire/apis.ts';
import { newInternalTopic } from '../coordinators/internal-topics.ts';
import type { ControllerLink } from '../parts.ts';
import type { PropertyValues } from '../property-table.ts';

type NewTopic = RequestInputBody<'createTopics'>['topics'][number];

const CREATE_TOPICS_VERSION = 4;
const CREATE_TIMEOUT_MS = 30_000;
/** Being created at once; further ones wait until clients ask again. */
const UNDER_WAY_MAX = 1_000;
const BY_DEFAULT = -1;

export class AutoTopics {
  private readonly runtime: Runtime;
  private readonly properties: PropertyValues;
  private readonly link: ControllerLink;
  private readonly underWay = new Set<string>();

  constructor(runtime: Runtime, properties: PropertyValues, link: ControllerLink) {
    this.runtime = runtime;
    this.properties = properties;
    this.link = link;
  }

  create(names: readonly string[]): void {
    const room = UNDER_WAY_MAX - this.underWay.size;
    const wanted = names.filter((name) => !this.underWay.has(name)).slice(0, room);
    if (wanted.length === 0) return;
    for (const name of wanted) this.underWay.add(name);
    const body = { topics: wanted.map((name) => this.newTopic(name)), timeoutMs: CREATE_TIMEOUT_MS };
    this.link.request('createTopics', CREATE_TOPICS_VERSION, body, CREATE_TIMEOUT_MS, (outcome) => {
      for (const name of wanted) this.underWay.delete(name);
      if (outcome.kind === 'failed') {
        this.runtime.log('warn', 'topics were not created', { topics: wanted, reason: outcome.reason });
        return;
      }
      for (const { name, errorCode, errorMessage } of outcome.body.topics) {
        // Another broker was asked at the same time.
        if (errorCode === ERROR.NONE || errorCode === ERROR.TOPIC_ALREADY_EXISTS) continue;
        const reason = errorMessage ?? errorName(errorCode);
        this.runtime.log('warn', `topic ${name} was not created`, { reason });
      }
    });
  }

  private newTopic(name: string): NewTopic {
    if (isInternalTopic(name)) return newInternalTopic(name, this.properties);
    return { name, numPartitions: BY_DEFAULT, replicationFactor: BY_DEFAULT, assignments: [], configs: [] };
  }
}
