import { duration, list, secret, z } from '@logcatch/plugin-api';
import { type Endpoint, parseEndpoint } from './endpoint.ts';

export const formats = ['json', 'yaml', 'text'] as const;

const file = z.string().min(1);

const tlsFiles = z
  .strictObject({
    ca: file.optional().describe('Certificates to trust (PEM), in place of those that Node trusts.'),
    cert: file.optional().describe('Certificate of this client (PEM).'),
    key: file.optional().describe('Private key of `cert` (PEM).'),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'cert and key go together');

const report = z.strictObject({
  prefix: z.string().min(1).describe('The status stands under this prefix and the agent id.'),
  ttl: duration()
    .pipe(z.number().min(2_000))
    .prefault('10s')
    .describe('The status is gone this long after the agent. At least 2s.'),
});

export const options = z
  .strictObject({
    endpoints: list().describe(
      'Members of one etcd cluster: `host:2379`, `http://host:2379` or `https://host:2379`. Without a scheme: http, or https where `tls` is set.',
    ),
    key: z.string().min(1).optional().describe('The key whose value is the configuration.'),
    prefix: z
      .string()
      .min(1)
      .optional()
      .describe('In place of `key`: every key under this prefix, as a map. Its names are what follows the prefix.'),
    format: z.enum(formats).default('json').describe('How each value is read.'),
    username: z.string().min(1).optional().describe('User of etcd.'),
    password: secret().optional().describe('Password of `username`. As a file it is read again on every connect.'),
    tls: z
      .union([z.boolean(), tlsFiles])
      .optional()
      .describe('`true`, or the files to use, relative to the pipeline file. Implied by https endpoints.'),
    connect_timeout: duration()
      .pipe(z.number().positive())
      .prefault('5s')
      .describe('Limit for connecting to any of the endpoints: TLS, login, the first read and the watch.'),
    request_timeout: duration()
      .pipe(z.number().positive())
      .prefault('1s')
      .describe('Limit for a request. One that takes longer means that this connection is broken.'),
    report: report.optional().describe('Write the status of this agent back to etcd.'),
  })
  .superRefine((value, context) => {
    const issue = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    if ((value.key === undefined) === (value.prefix === undefined)) issue([], 'give either key or prefix');
    if ((value.username === undefined) !== (value.password === undefined)) {
      issue([value.username === undefined ? 'username' : 'password'], 'username and password go together');
    }
    if (value.prefix !== undefined && value.report?.prefix.startsWith(value.prefix)) {
      issue(['report', 'prefix'], 'it is under prefix: the status would become configuration');
    }
    for (const text of value.endpoints) {
      const endpoint = parseEndpoint(text, wantsTls(value.tls));
      if (!endpoint)
        issue(['endpoints'], `${JSON.stringify(text)} is no endpoint: write host:2379 or https://host:2379`);
      else if (!endpoint.secure && wantsTls(value.tls)) {
        issue(['endpoints'], `${endpoint.url} is without TLS, but tls is set: write https://`);
      } else if (endpoint.secure && value.tls === false) {
        issue(['endpoints'], `${endpoint.url} is with TLS, but tls is false`);
      }
    }
  });

export type Options = z.output<typeof options>;

export function endpointsOf({ endpoints, tls }: Pick<Options, 'endpoints' | 'tls'>): Endpoint[] {
  return endpoints.flatMap((text) => parseEndpoint(text, wantsTls(tls)) ?? []);
}

function wantsTls(tls: Options['tls']): boolean {
  return tls !== undefined && tls !== false;
}
