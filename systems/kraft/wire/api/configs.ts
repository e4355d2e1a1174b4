/**
 * Configurations of topics and brokers: DescribeConfigs (KIP-133, KIP-226), AlterConfigs, IncrementalAlterConfigs (KIP-339).
 *
 *     describeConfigs.request.encode(writer, 3, {
 *       resources: [{ resourceType: RESOURCE_TYPE.topic, resourceName: 'orders', configurationKeys: null }],
 *     });
 */
import type { RequestOf, ResponseInput, ResponseOf } from '../schema.ts';
import { api, array, boolean, int16, int32, int8, string, struct } from '../schema.ts';

export const RESOURCE_TYPE = { topic: 2, broker: 4 } as const;

/** Where a value comes from. */
export const CONFIG_SOURCE = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
} as const;

export const CONFIG_OPERATION = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

export const describeConfigs = api({
  key: 32,
  name: 'DescribeConfigs',
  versions: '0-3',
  flexible: '4+',
  request: {
    resources: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        /** Null: all. */
        configurationKeys: array(string(), { nullable: '0+' }),
      }),
    ),
    includeSynonyms: boolean({ versions: '1+', default: false }),
    includeDocumentation: boolean({ versions: '3+', default: false }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array(
      struct({
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
        resourceType: int8(),
        resourceName: string(),
        configs: array(
          struct({
            name: string(),
            value: string({ nullable: '0+' }),
            readOnly: boolean(),
            // Kafka refuses one that version 1 cannot say; from there the source says it.
            isDefault: boolean({ versions: '0', ignorable: true }),
            configSource: int8({ versions: '1+', default: -1, ignorable: true }),
            isSensitive: boolean(),
            synonyms: array(struct({ name: string(), value: string({ nullable: '0+' }), source: int8() }), {
              versions: '1+',
              ignorable: true,
            }),
            configType: int8({ versions: '3+', default: 0, ignorable: true }),
            documentation: string({ versions: '3+', nullable: '0+', ignorable: true, default: null }),
          }),
        ),
      }),
    ),
  },
});

export type DescribeConfigsRequest = RequestOf<typeof describeConfigs>;
export type DescribeConfigsResponse = ResponseOf<typeof describeConfigs>;
export type DescribeConfigsResponseInput = ResponseInput<typeof describeConfigs>;

const alterResponse = {
  throttleTimeMs: int32({ default: 0 }),
  responses: array(
    struct({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      resourceType: int8(),
      resourceName: string(),
    }),
  ),
};

/** Replaces all that was configured. */
export const alterConfigs = api({
  key: 33,
  name: 'AlterConfigs',
  versions: '0-1',
  flexible: '2+',
  request: {
    resources: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        configs: array(struct({ name: string(), value: string({ nullable: '0+' }) })),
      }),
    ),
    validateOnly: boolean(),
  },
  response: alterResponse,
});

export type AlterConfigsRequest = RequestOf<typeof alterConfigs>;
export type AlterConfigsResponse = ResponseOf<typeof alterConfigs>;
export type AlterConfigsResponseInput = ResponseInput<typeof alterConfigs>;

/** Changes some. */
export const incrementalAlterConfigs = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: '0-1',
  flexible: '1+',
  request: {
    resources: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        configs: array(
          struct({ name: string(), configOperation: int8(), value: string({ nullable: '0+' }) }),
        ),
      }),
    ),
    validateOnly: boolean(),
  },
  response: alterResponse,
});

export type IncrementalAlterConfigsRequest = RequestOf<typeof incrementalAlterConfigs>;
export type IncrementalAlterConfigsResponse = ResponseOf<typeof incrementalAlterConfigs>;
export type IncrementalAlterConfigsResponseInput = ResponseInput<typeof incrementalAlterConfigs>;
