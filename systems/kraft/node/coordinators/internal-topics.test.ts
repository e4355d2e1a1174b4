/** What Kafka's own topics are created with. */
import { expect, test } from 'vitest';
import { OFFSETS_TOPIC, TRANSACTIONS_TOPIC } from '../../internal-topics.ts';
import { readServerProperties } from '../properties.ts';
import { newInternalTopic } from './internal-topics.ts';

const BROKER = [
  'process.roles=broker',
  'node.id=1',
  'controller.quorum.voters=100@controller:9093',
  'controller.listener.names=CONTROLLER',
  'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
];

test.each([OFFSETS_TOPIC, TRANSACTIONS_TOPIC] as const)(
  '%s flushes where the topics beside it do, since Raft replicates them',
  (topic) => {
    const flushesWith = (...lines: readonly string[]): string | null | undefined => {
      const { values } = readServerProperties([...BROKER, ...lines].join('\n'), 'server.properties');
      const { configs } = newInternalTopic(topic, values);
      return configs.find(({ name }) => name === 'flush.messages')?.value;
    };
    expect(flushesWith()).toBeUndefined();
    expect(flushesWith('replication.protocol=isr')).toBeUndefined();
    expect(flushesWith('replication.protocol=raft')).toBe('1');
  },
);
