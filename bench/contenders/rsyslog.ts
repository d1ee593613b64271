import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianPackages } from '../../test/servers/debian.ts';
import { run } from '../../test/servers/process.ts';
import type { Command } from '../process.ts';
import type { Contender, Shipment } from './contender.ts';

/** With the libraries that a small Debian lacks. */
const packages = [
  ...['rsyslog', 'rsyslog-kafka', 'libestr0', 'libfastjson4', 'liblognorm5'],
  ...['librdkafka1', 'liblz4-1', 'libsasl2-2'],
];

/** rsyslogd, following files. */
export class Rsyslog {
  readonly version: string;
  readonly #daemon: string;
  readonly #libraries: string;

  static async unpack(): Promise<Rsyslog> {
    const root = await debianPackages('rsyslog', packages);
    const lib = join(root, 'usr', 'lib');
    const libraries = join(lib, readdirSync(lib).find((name) => name.includes('-linux-gnu'))!);
    const daemon = join(root, 'usr', 'sbin', 'rsyslogd');
    const env = { ...process.env, LD_LIBRARY_PATH: libraries };
    const about = await run(daemon, ['-v'], { env, missing: "Debian's package rsyslog has none." });
    return new Rsyslog(/rsyslogd\s+(\S+)/.exec(about)![1]!, daemon, libraries);
  }

  private constructor(version: string, daemon: string, libraries: string) {
    this.version = version;
    this.#daemon = daemon;
    this.#libraries = libraries;
  }

  /** Follows the files of a pattern from their beginning. @param action what it does with each line */
  follow(folder: string, pattern: string, action: string): Command {
    const file = join(folder, 'rsyslog.conf');
    writeFileSync(
      file,
      `global(workDirectory="${folder}")
module(load="imfile")
module(load="omkafka")
template(name="line" type="string" string="%msg%")
template(name="ended" type="string" string="%msg%\\n")
input(type="imfile" file="${pattern}" tag="bench" ruleset="bench")
ruleset(name="bench") { action(${action} action.resumeRetryCount="-1" action.resumeInterval="1") }
`,
    );
    const args = ['-n', '-C', '-f', file, '-i', join(folder, 'pid'), '-M', join(this.#libraries, 'rsyslog')];
    return { command: this.#daemon, args, env: { LD_LIBRARY_PATH: this.#libraries } };
  }

  ship({ brokers, topic, codec, pattern, folder }: Shipment): Command {
    const settings = ['acks=-1', 'linger.ms=5', 'queue.buffering.max.messages=1000000', `compression.codec=${codec}`];
    const quoted = (texts: readonly string[]) => `[${texts.map((text) => `"${text}"`).join(',')}]`;
    const action = [
      `type="omkafka" broker=${quoted(brokers)} topic="${topic}" template="line"`,
      `resubmitOnFailure="on" confParam=${quoted(settings)}`,
    ];
    return this.follow(folder, pattern, action.join(' '));
  }
}

export async function rsyslog(): Promise<Contender> {
  const daemon = await Rsyslog.unpack();
  return {
    title: `rsyslog ${daemon.version}`,
    ends: false,
    share: 1,
    codecs: ['none', 'zstd'],
    ship: (shipment) => daemon.ship(shipment),
  };
}
