import { readFile } from 'node:fs/promises';
import { type ComponentContext, messageOf } from '@logcatch/plugin-api';
import { SendFailure } from './failure.ts';
import type { Options } from './options.ts';

/** How to encrypt and log in, with the content of files and secrets. Lives as briefly as possible; never logged. */
export interface Security {
  readonly tls: TlsOptions | undefined;
  readonly sasl: Login | undefined;
}

/** As kafkajs takes it. */
export type Login =
  | { readonly mechanism: string; readonly username: string; readonly password: string }
  | { readonly mechanism: string; oauthBearerProvider(): Promise<{ value: string }> };

/** Options of `tls.connect`. */
export interface TlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly passphrase?: string;
  readonly servername?: string;
}

/**
 * Reads what is in files, anew for each connection, so that renewed certificates and passwords count.
 * @throws SendFailure LC_OUTPUT_AUTH
 */
export async function readSecurity(
  { tls, sasl }: Pick<Options, 'tls' | 'sasl'>,
  context: ComponentContext,
): Promise<Security> {
  try {
    return {
      tls: tls === false ? undefined : tls === true ? {} : await readTls(tls, context),
      sasl: sasl && (await readLogin(sasl, context)),
    };
  } catch (error) {
    throw new SendFailure('LC_OUTPUT_AUTH', `a certificate, key or secret cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function readLogin(
  { mechanism, username, password, token }: NonNullable<Options['sasl']>,
  { secret }: ComponentContext,
): Promise<Login> {
  if (token === undefined) return { mechanism, username: username!, password: await secret(password!) };
  await secret(token); // so that a file that is not there is named as such
  return { mechanism, oauthBearerProvider: async () => ({ value: (await secret(token)).trim() }) };
}

async function readTls(tls: Exclude<Options['tls'], boolean>, context: ComponentContext): Promise<TlsOptions> {
  const read = (path: string) => readFile(context.resolve(path));
  return {
    ...(tls.ca !== undefined && { ca: await read(tls.ca) }),
    ...(tls.cert !== undefined && { cert: await read(tls.cert) }),
    ...(tls.key !== undefined && { key: await read(tls.key) }),
    ...(tls.key_passphrase !== undefined && { passphrase: await context.secret(tls.key_passphrase) }),
    ...(tls.server_name !== undefined && { servername: tls.server_name }),
  };
}
