import { duration, list, secret, size, template, z } from '@logcatch/plugin-api';
import { parseAddress } from './address.ts';
import { compressions } from './compression.ts';

const brokers = list().superRefine((entries, context) => {
  for (const entry of entries) {
    if (!parseAddress(entry)) context.addIssue({ code: 'custom', message: `"${entry}" is not HOST:PORT` });
  }
});

/** Kafka's own limit for a batch is 1,048,588 bytes; this leaves room for its head. */
const largestBatch = 1_000_000;

const batchBytes = size().refine(
  (bytes) => bytes >= 1024 && bytes <= largestBatch,
  'from 1KiB to 1MB: brokers refuse batches above 1 MiB by default',
);

const tls = z.strictObject({
  ca: z.string().optional().describe('File with the certificates to trust (PEM), instead of the system’s.'),
  cert: z.string().optional().describe('File with our certificate (PEM), for mutual TLS.'),
  key: z.string().optional().describe('File with the private key of `cert` (PEM).'),
  key_passphrase: secret().optional().describe('Passphrase of `key`.'),
  server_name: z.string().optional().describe('Name to expect in the certificate, where it is not the host.'),
});

const sasl = z
  .strictObject({
    mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer']).describe('How to log in.'),
    username: z.string().min(1).optional().describe('User. For all but `oauthbearer`.'),
    password: secret().optional().describe('Password. For all but `oauthbearer`.'),
    token: secret().optional().describe('Token, for `oauthbearer`: read again for each login, as its file is renewed.'),
  })
  .superRefine(({ mechanism, ...given }, context) => {
    const wanted = mechanism === 'oauthbearer' ? ['token'] : ['username', 'password'];
    for (const name of ['username', 'password', 'token'] as const) {
      const is = given[name] !== undefined;
      if (is === wanted.includes(name)) continue;
      context.addIssue({ code: 'custom', path: [name], message: `${mechanism} ${is ? 'takes none' : 'needs one'}` });
    }
  });

const createTopics = z.strictObject({
  partitions: z.number().int().min(1).describe('Partitions of a topic that we create.'),
  replication_factor: z.number().int().min(1).describe('Its replicas.'),
});

const stuck = z.union([
  z.literal('wait'),
  z.strictObject({
    dead_letter_after: duration().describe(
      'Records for a topic or partition that has been in trouble for so long go to the dead letters, however long they have waited.',
    ),
  }),
]);

/** What a broker allows by default, in ms: transaction.max.timeout.ms. */
const longestTransaction = 15 * 60_000;

const transactions = z.strictObject({
  interval: duration()
    .prefault('200ms')
    .describe('A transaction is committed when it is so old, which is about how much later lines can be read.'),
  bytes: size()
    .prefault('16MiB')
    .describe('A transaction is committed before that when so many bytes of files are in it.'),
  timeout: duration()
    .refine((ms) => ms >= 1000 && ms <= longestTransaction, 'from 1s to 15m')
    .prefault('60s')
    .describe(
      'The broker aborts a transaction that is not committed by then. Readers wait so long where an agent dies for good.',
    ),
  positions_topic: z
    .string()
    .min(1)
    .default('logcatch-positions')
    .describe('Compacted topic for the positions of files. Created when it is missing.'),
  on_missing_positions: z
    .enum(['local', 'stop'])
    .default('stop')
    .describe(
      'What to do where the topic has lost the positions of this agent. `local`: go on from those in data_dir, which may repeat lines.',
    ),
});

const fields = z.strictObject({
  brokers: brokers.describe('Brokers to ask first, as `HOST:PORT`. The port is 9092 when left out.'),
  topic: template().describe('Topic, filled in per record.'),
  key: template().optional().describe('Key, filled in per record. Left out: no key.'),
  headers: z.record(z.string().min(1), template()).default({}).describe('Headers: name -> text, filled in per record.'),
  timestamp: template()
    .optional()
    .describe('Time, filled in per record: ms since the epoch, or ISO 8601. Left out: when the record batch is made.'),
  value: z
    .enum(['text', 'json'])
    .default('text')
    .describe('`text`: the line as it is. `json`: an object of the attributes and `message`.'),
  partitioner: z
    .enum(['auto', 'sticky', 'random'])
    .default('auto')
    .describe(
      '`auto`: by key where one is set (as Java clients do), else by source, so that a file keeps its order. `sticky` (in turn) and `random` choose per record batch.',
    ),
  acks: z
    .enum(['all', 'leader'])
    .default('all')
    .describe('Who must have a record before it counts as written. `all` is idempotent, `leader` is not.'),
  delivery: z
    .enum(['at-least-once', 'exactly-once'])
    .default('at-least-once')
    .describe(
      '`exactly-once`: lines count in transactions with the positions of their files, for readers with isolation.level=read_committed. Needs `acks: all`.',
    ),
  transactions: transactions.prefault({}).describe('For `delivery: exactly-once`.'),
  create_topics: createTopics.optional().describe('Create topics that are missing. Left out: wait for them.'),
  stuck: stuck
    .default('wait')
    .describe(
      'What becomes of records for a topic or partition that cannot be written to, while others can. `wait`: their sources wait.',
    ),
  max_topics: z
    .number()
    .int()
    .min(1)
    .default(1000)
    .describe('Topics in use at once. Those without records for 10 minutes make room.'),
  client_id: z.string().min(1).default('logcatch').describe('Name by which brokers know this client.'),
  linger: duration().prefault('5ms').describe('How long a record may wait for others to share its record batch.'),
  batch_bytes: batchBytes.prefault('512KiB').describe('Size of a record batch, before compression. At most 1MB.'),
  in_flight: z
    .number()
    .int()
    .min(1)
    .max(5)
    .default(1)
    .describe('Record batches on their way to one partition at once, 1 to 5. Order and idempotence hold with any.'),
  compression: z.enum(compressions).default('none').describe('Compression of record batches.'),
  tls: z.union([z.boolean(), tls]).default(false).describe('Encrypt: `true`, or where certificates are.'),
  sasl: sasl.optional().describe('Log in.'),
  request_timeout: duration().prefault('30s').describe('How long an answer of a broker may take.'),
  connect_timeout: duration().prefault('10s').describe('How long connecting may take, TLS and login included.'),
});

export const options = fields.superRefine(({ delivery, acks }, context) => {
  if (delivery === 'exactly-once' && acks !== 'all') {
    context.addIssue({ code: 'custom', path: ['acks'], message: 'exactly-once needs `acks: all`' });
  }
});

export type Options = z.output<typeof options>;
