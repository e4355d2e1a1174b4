/**
 * AlterConfigs and IncrementalAlterConfigs as the controller decides them: the first says all that shall be set, the second what
 * changes (KIP-339).
 *
 *     incrementalAlterConfigs({ resources: [{ resourceType: RESOURCE_TYPE.topic, resourceName: 'orders',
 *       configs: [{ name: 'retention.ms', configOperation: CONFIG_OPERATION.set, value: '1000' }] }], validateOnly: false }, 0);
 */
import type { ConfigChange } from '../../controller/configs.ts';
import type { MetadataImage } from '../../controller/metadata-image.ts';
import { FIXED_CONFIGS } from '../../controller/topic-configs.ts';
import type { RequestBody } from '../../wire/apis.ts';
import { CONFIG_OPERATION } from '../../wire/api/configs.ts';
import type { ItemError, Prepare, PreparedRequest } from './prepared-request.ts';
import { errorFields, mapOutcome, Plan, repeated } from './prepared-request.ts';

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

interface Asked<C> extends Resource {
  readonly configs: readonly C[];
}

const OPERATIONS = new Map<number, ConfigChange['operation']>([
  [CONFIG_OPERATION.set, 'set'],
  [CONFIG_OPERATION.delete, 'delete'],
  [CONFIG_OPERATION.append, 'append'],
  [CONFIG_OPERATION.subtract, 'subtract'],
]);

export const incrementalAlterConfigs: Prepare<'incrementalAlterConfigs'> = (body) =>
  alteration(body.resources, body.validateOnly, ({ configs }) => {
    const changes: ConfigChange[] = [];
    for (const { name, configOperation, value } of configs) {
      const operation = OPERATIONS.get(configOperation);
      if (operation === undefined) {
        return { error: 'INVALID_REQUEST', message: `${configOperation} is no operation on a configuration` };
      }
      changes.push({ name, operation, value });
    }
    return changes;
  });

export const alterConfigs: Prepare<'alterConfigs'> = (body) =>
  alteration(body.resources, body.validateOnly, replacement);

/** What is not named goes back to its default, but for what a topic has for good. */
function replacement(
  { resourceType, resourceName, configs }: RequestBody<'alterConfigs'>['resources'][number],
  image: MetadataImage,
): ConfigChange[] {
  const named = new Set(configs.map(({ name }) => name));
  const present = [...(image.configs(resourceType, resourceName)?.keys() ?? [])];
  return [
    ...configs.map(({ name, value }): ConfigChange => ({ name, operation: 'set', value })),
    ...present
      .filter((name) => !named.has(name) && !FIXED_CONFIGS.has(name))
      .map((name): ConfigChange => ({ name, operation: 'delete', value: null })),
  ];
}

type Alteration = PreparedRequest<'alterConfigs'> & PreparedRequest<'incrementalAlterConfigs'>;

function alteration<C>(
  resources: readonly Asked<C>[],
  validateOnly: boolean,
  changesOf: (resource: Asked<C>, image: MetadataImage) => ConfigChange[] | ItemError,
): Alteration {
  const keyOf = ({ resourceType, resourceName }: Resource): string => `${resourceType}/${resourceName}`;
  const twice = repeated(resources.map(keyOf));
  const answer = (errors: readonly ItemError[]) => ({
    responses: resources.map(({ resourceType, resourceName }, i) => ({
      ...errorFields(errors[i] as ItemError),
      resourceType,
      resourceName,
    })),
  });
  return {
    timeoutMs: null,
    decide: (core, nowMs) => {
      // What is replaced is what the controller decides by, committed or not; without it the core refuses the whole.
      const image = core.latestImage ?? core.image;
      const plan = new Plan(
        resources.map((resource) => {
          if (twice.has(keyOf(resource))) {
            const message = `resource ${resource.resourceName} is named twice`;
            return { error: 'INVALID_REQUEST' as const, message };
          }
          const changes = changesOf(resource, image);
          if ('error' in changes) return changes;
          return { type: resource.resourceType, name: resource.resourceName, changes };
        }),
      );
      const outcome = core.alterConfigs(nowMs, { resources: plan.accepted, validateOnly });
      return mapOutcome(outcome, (results) => answer(plan.answers(results)));
    },
    refuse: (error, message) => answer(resources.map(() => ({ error, message }))),
  };
}
