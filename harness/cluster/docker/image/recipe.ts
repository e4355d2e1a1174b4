/**
 * What our own image needs to be: Node.js for nodes of ours, a shell and the firewall tools for sandboxes. The code of nodes is not
 * in it, but handed to each container, so that no image can be out of date with the code.
 *
 *     imageTag()      // shaketable:node-24.21.0-r2-x64
 */
import process from 'node:process';

/** Goes up with each change to what is in the image, so that older ones are not used again. */
const RECIPE_VERSION = 2;

export const OFFICIAL_BASE = 'node:24-slim';

/** Where Node.js is in the image, as in the official ones. */
export const NODE_PATH = '/usr/local/bin/node';

/** Says which version made it, to `docker inspect` and to `shaketable image build`. */
export const RECIPE_LABEL = 'shaketable.image';

export const IMAGE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The name under which runs look for it. */
export function imageTag(): string {
  return `shaketable:node-${process.versions.node}-r${RECIPE_VERSION}-${process.arch}`;
}

/** Programs that sandboxes call. */
export const TOOLS = {
  required: [
    'sh',
    'sleep',
    'cat',
    'chmod',
    'rm',
    'mv',
    'touch',
    'stat',
    'date',
    'iptables',
    'iptables-restore',
  ],
  optional: ['tc', 'ip', 'ls', 'ps', 'kill', 'mkdir'],
} as const;

/** By the Debian package that brings it; the rest is in every Linux. */
export const PACKAGE_OF: Readonly<Record<string, string>> = {
  iptables: 'iptables',
  'iptables-restore': 'iptables',
  tc: 'iproute2',
  ip: 'iproute2',
};

/** Of an image with the tools, on a base of Debian or Alpine that may have them already. */
export function dockerfile(base: string): string {
  return [
    `FROM ${base}`,
    'USER 0',
    `RUN if ! command -v iptables >/dev/null || ! command -v tc >/dev/null; then \\`,
    '      if command -v apt-get >/dev/null; then \\',
    '        apt-get update && apt-get install -y --no-install-recommends iptables iproute2 && rm -rf /var/lib/apt/lists/*; \\',
    '      elif command -v apk >/dev/null; then apk add --no-cache iptables iproute2; \\',
    `      else echo 'this base has neither iptables nor apt-get nor apk' >&2; exit 1; fi; \\`,
    '    fi && command -v node && iptables --version',
    `LABEL ${RECIPE_LABEL}=${RECIPE_VERSION}`,
    '',
  ].join('\n');
}

/** As `docker import --change` takes them. */
export const IMPORT_CHANGES = [
  `ENV PATH=${IMAGE_PATH}`,
  `LABEL ${RECIPE_LABEL}=${RECIPE_VERSION}`,
  'CMD ["sh"]',
] as const;
