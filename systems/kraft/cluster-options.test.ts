/** What the nodes of a cluster of the harness are told. */
import { describe, expect, test } from 'vitest';
import { brokersOf, propertiesText } from './cluster-options.ts';
import { readServerProperties } from './node/properties.ts';

const FIVE = ['n1', 'n2', 'n3', 'n4', 'n5'];
const read = (name: string, options: Record<string, number | boolean | string> = {}, peers = FIVE) =>
  readServerProperties(propertiesText({ name, peers, options }), 'options');

describe('the properties of a node', () => {
  test('are without a warning, whatever its role', () => {
    for (const name of FIVE) {
      expect(read(name).warnings).toEqual([]);
      expect(read(name, { combinedRoles: false }).warnings).toEqual([]);
    }
    expect(read('n1', { controllers: 1 }, ['n1']).values['process.roles']).toEqual(['broker', 'controller']);
  });

  test('say who is what', () => {
    expect(read('n1').values['process.roles']).toEqual(['broker', 'controller']);
    expect(read('n4').values['process.roles']).toEqual(['broker']);
    expect(read('n1', { combinedRoles: false }).values['process.roles']).toEqual(['controller']);
    expect(() => read('n1', { combinedRoles: false }, ['n1', 'n2', 'n3'])).toThrow(/leave no broker/);
    expect(brokersOf(['n1', 'n2'], { controllers: 1, combinedRoles: false })).toEqual(['n2']);
    expect(brokersOf(['n1', 'n2'], { controllers: 1 })).toEqual(['n1', 'n2']);
    expect(read('n4').values['controller.quorum.voters'].map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  test('take options by the names of properties', () => {
    expect(read('n2').values['broker.session.timeout.ms']).toBe(1000);
    expect(read('n2', { 'broker.session.timeout.ms': 9000 }).values['broker.session.timeout.ms']).toBe(9000);
    expect(() => read('n2', { 'broker.session.timeout.ms': 0 })).toThrow(/broker.session.timeout.ms=0/);
  });
});
