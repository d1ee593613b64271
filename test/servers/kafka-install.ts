import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { cached } from './cache.ts';
import type { Guard } from './guard.ts';
import { run, Unavailable } from './process.ts';

/** The Kafka that tests run against, unless they say otherwise or KAFKA_BROKERS names one. Its tools come along with it. */
export const kafkaVersion = process.env.KAFKA_VERSION || '4.1.2';

const javaHint =
  'Kafka runs on Java 17 or newer: install it (Debian and Ubuntu: apt-get install openjdk-17-jre-headless) and put it ' +
  'in PATH or JAVA_HOME, or set KAFKA_BROKERS=HOST:9092 to use a Kafka that runs already.';
const mavenHint =
  'Kafka is fetched with Maven: install it (Debian and Ubuntu: apt-get install maven), or set KAFKA_BROKERS=HOST:9092 ' +
  'to use a Kafka that runs already.';

/** Artifact by artifact what the server needs; the logger is slf4j's own for standard error, as Kafka brings none. */
const pom = (version: string) => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>logcatch</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

/** The folder with Kafka's jars, fetched by Maven into the cache the first time. */
export async function kafkaJars(version = kafkaVersion): Promise<string> {
  const fetchJars = async (folder: string, guard: Guard) => {
    await writeFile(join(folder, 'pom.xml'), pom(version));
    const args = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`];
    await run('mvn', args, { cwd: folder, guard, missing: mavenHint });
  };
  return cached(`kafka-${version}`, `Kafka ${version} (54 MB)`, fetchJars).catch((cause: unknown) => {
    if (cause instanceof Unavailable) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Unavailable(
      `Kafka ${version} could not be fetched. Is the package registry reached? Or set KAFKA_BROKERS=HOST:9092 to use a Kafka that runs already.\n${why}`,
      { cause },
    );
  });
}

/**
 * Keeps Kafka's classes as Java has them in memory after a first start, in the cache: that halves what every later start takes.
 * @param record starts Kafka with these options of Java and stops it in an orderly way
 */
export async function archiveClasses(jars: string, record: (options: string[]) => Promise<void>): Promise<void> {
  const archive = classArchive(jars);
  await cached(basename(dirname(archive)), `an archive of the classes of ${basename(jars)}`, (folder) =>
    // Not every Java can; then all starts take as long as the first.
    record([`-XX:ArchiveClassesAtExit=${join(folder, basename(archive))}`]).catch(() => {}),
  );
}

function classArchive(jars: string): string {
  return join(`${jars}-classes`, 'archive.jsa');
}

/** The `java` command: JAVA_HOME's if it is set, else the one in PATH. */
export function java(): string {
  const inHome = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : '';
  return inHome !== '' && existsSync(inHome) ? inHome : 'java';
}

/**
 * Options of every Java process here: a small heap, and what makes it start fast: the simple compiler and collector, no
 * performance counters (they would also leave files in the system's temporary folder after a kill).
 */
export function javaOptions(jars: string, temporary: string): string[] {
  const archive = classArchive(jars);
  return [
    ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-Djava.awt.headless=true'],
    ...[`-Djava.io.tmpdir=${temporary}`, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'],
    ...['-Dorg.slf4j.simpleLogger.showDateTime=true', '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS'],
    // Java says nothing of an archive that another Java has made, and goes on without it.
    ...(existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`, '-Xlog:disable'] : []),
    ...['-cp', join(jars, '*')],
  ];
}

/**
 * Runs one of Kafka's own tools and returns what it printed.
 * @param tool its class
 * @param temporary a folder for its temporary files
 * @param line takes what it prints, instead of that it is returned
 */
export async function kafkaTool(
  tool: string,
  args: string[],
  temporary: string,
  line?: (line: string) => void,
): Promise<string> {
  const options = javaOptions(await kafkaJars(), temporary);
  return run(java(), [...options, tool, ...args], { missing: javaHint, ...(line && { line }) });
}

/** Writes the identity of a new node into its data folder, as Kafka wants it before the first start. */
export async function format(
  jars: string,
  folder: string,
  { properties, clusterId, scram = [] }: { properties: string; clusterId: string; scram: string[] | undefined },
  guard: Guard,
): Promise<void> {
  const users = scram.flatMap((user) => ['--add-scram', user]);
  const tool = ['kafka.tools.StorageTool', 'format', '--cluster-id', clusterId, '--config', properties, ...users];
  try {
    await run(java(), [...javaOptions(jars, folder), ...tool], { guard, missing: javaHint });
  } catch (error) {
    if (error instanceof Error && error.message.includes('UnsupportedClassVersionError')) {
      throw new Unavailable(`This machine's Java is too old. ${javaHint}`, { cause: error });
    }
    throw error;
  }
}
