import { isIP } from 'node:net';
import { secret, z } from '@logcatch/plugin-api';

const loopback = '127.0.0.1';

/** Where people and programs look at a running agent: `http:` of the pipeline file. */
export interface DesiredHttp {
  /** An address of this host, or a name of it. */
  readonly host: string;
  /** 0 = one that is free. */
  readonly port: number;
  /** What whoever asks has to know. Never left out beyond loopback. */
  readonly token?: z.output<ReturnType<typeof secret>>;
  /** Whether lines are shown as they pass. Never without a token: whoever is on this host could read them. Default: no. */
  readonly lines?: true;
}

const wrong = 'it takes a port, or an address with a port: 9600, 127.0.0.1:9600, [::1]:9600';

/** `9600`, `127.0.0.1:9600`, `[::]:9600`, `localhost:9600`. */
const listen = z.union([z.number(), z.string()], { error: wrong }).transform((value, context) => {
  const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]+)\]|([^:]+)):)?(\d{1,5})$/.exec(String(value)) ?? [];
  const host = bracketed ?? plain ?? loopback;
  const port = Number(digits);
  if (digits === undefined || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) {
    context.addIssue({ code: 'custom', message: wrong });
    return z.NEVER;
  }
  return { host, port };
});

export const httpSchema = z
  .union(
    [
      listen,
      z.strictObject({
        listen: listen.describe('A port of this host, or an address with a port: 9600, 127.0.0.1:9600, [::1]:9600.'),
        token: secret().optional().describe('What whoever asks has to know. Beyond this host it is required.'),
        lines: z
          .boolean()
          .optional()
          .describe('Whether records are shown as they pass, at / and /tap. Default: false.'),
      }),
    ],
    { error: wrong },
  )
  .transform((value): DesiredHttp => {
    if ('port' in value) return value;
    const { listen, token, lines } = value;
    return { ...listen, ...(token !== undefined && { token }), ...(lines && { lines }) };
  })
  .refine(
    ({ host, token }) => isLoopback(host) || token !== undefined,
    'it listens beyond this host, where others could read it: give it a token, `{ listen: ..., token: { file: PATH } }`, or listen on 127.0.0.1',
  )
  .refine(
    ({ lines, token }) => !lines || token !== undefined,
    'with `lines` it shows what passes, which any user of this host could read: give it a token, `{ listen: ..., token: { file: PATH }, lines: true }`',
  );

/** Whether only this host reaches it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** As `listen:` takes it. */
export function addressText({ host, port }: Pick<DesiredHttp, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
