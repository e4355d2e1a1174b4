import { afterEach, expect, test, vi } from 'vitest';
import { requirement } from './require.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('what is available runs, whatever is required', () => {
  vi.stubEnv('SHAKETABLE_REQUIRE', 'docker,chromium');
  expect(requirement('docker', true, 'unused')).toEqual({ skip: false, note: '' });
});

test('what is absent is skipped with the reason', () => {
  vi.stubEnv('SHAKETABLE_REQUIRE', 'chromium');
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  expect(requirement('docker', false, 'no socket')).toEqual({ skip: true, note: ' (skipped: no socket)' });
  expect(warn).toHaveBeenCalledWith('skipped, docker is not available: no socket');
});

test('what is absent and required fails', () => {
  vi.stubEnv('SHAKETABLE_REQUIRE', 'docker, chromium');
  expect(() => requirement('chromium', false, 'none found')).toThrow(
    'SHAKETABLE_REQUIRE asks for chromium, but: none found',
  );
});
