/**
 * Fetches the jars of Apache Kafka with Maven, for the tests that compare ours with it.
 *
 *     npm run kafka-jars
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '../../../../harness/errors.ts';
import { jarsDirectory, KAFKA_VERSION, whyNoApacheKafka } from './apache-kafka.ts';

const dependency = (artifact: string, version: string, group = 'org.apache.kafka'): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>shaketable</groupId><artifactId>kafka-jars</artifactId><version>1</version>
  <dependencies>
    ${dependency('kafka_2.13', KAFKA_VERSION)}
    ${dependency('kafka-tools', KAFKA_VERSION)}
    ${dependency('slf4j-nop', '1.7.36', 'org.slf4j')}
  </dependencies>
</project>
`;

const directory = jarsDirectory();
const folder = mkdtempSync(join(tmpdir(), 'kafka-jars-'));
try {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(folder, 'pom.xml'), POM);
  process.stdout.write(`Fetching Apache Kafka ${KAFKA_VERSION} into ${directory} …\n`);
  const { status, error } = spawnSync(
    'mvn',
    ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${directory}`],
    { cwd: folder, stdio: 'inherit' },
  );
  const why = error !== undefined ? `mvn cannot be run: ${error.message}` : whyNoApacheKafka();
  if (status !== 0 || why !== '') {
    process.stderr.write(`kafka-jars: ${why === '' ? 'Maven failed, see above' : why}\n`);
    process.exitCode = EXIT.harness;
  } else process.stdout.write('All there.\n');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
