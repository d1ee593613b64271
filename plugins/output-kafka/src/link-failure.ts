import { type Address, formatAddress } from './address.ts';
import { SendFailure } from './failure.ts';

/** Codes and words of Node's TLS that concern certificates, ours or theirs. */
const certificate = /CERT|ISSUER|SIGNATURE|SIGNED|ALTNAME|alert (bad|unknown|certificate|handshake)/;
/** UNSUPPORTED_SASL_MECHANISM, ILLEGAL_SASL_STATE, SASL_AUTHENTICATION_FAILED. */
const saslCodes: readonly unknown[] = [33, 34, 58];

/** Why a connection could not be made. Nothing was written. */
export function connectFailure(address: Address, error: unknown): SendFailure {
  const where = formatAddress(address);
  const text = textOf(error);
  if (isLogin(error)) return new SendFailure('LC_OUTPUT_AUTH', `${where} refuses the login: ${text}`, { cause: error });
  if (certificate.test(`${(error as { code?: unknown }).code} ${text}`)) {
    const hint = 'Check tls: ca, server_name, and the certificates on both sides.';
    return new SendFailure('LC_OUTPUT_AUTH', `TLS with ${where} fails: ${text}`, { cause: error, hint });
  }
  const hint = portHint(text);
  return new SendFailure('LC_OUTPUT_UNREACHABLE', `cannot reach ${where}: ${text}`, {
    cause: error,
    ...(hint && { hint }),
  });
}

/** What to do when a port hangs up: it speaks something else. */
export function portHint(text: string): string | undefined {
  if (!/closed|lost|wrong version|reset|disconnected/i.test(text)) return undefined;
  return 'Check brokers; and whether this port wants tls, sasl, both or neither.';
}

/** Why a request has no answer. What it asked for may have been done. */
export function noAnswer(address: Address, error: unknown): SendFailure {
  if (isLogin(error)) return connectFailure(address, error);
  const message = `no answer from ${formatAddress(address)}: ${textOf(error)}`;
  return new SendFailure('LC_OUTPUT_UNREACHABLE', message, { unknown: true, cause: error });
}

function isLogin(error: unknown): boolean {
  const { name, code } = error as { name?: string; code?: unknown };
  return name === 'KafkaJSSASLAuthenticationError' || saslCodes.includes(code);
}

/** kafkajs's words without what only it knows. */
function textOf(error: unknown): string {
  const { message } = error instanceof Error ? error : new Error(String(error));
  const text = message.replace(/^Connection error: /, '');
  return /^Request \w+\(.*\) timed out$/.test(text) ? 'the request timed out' : text;
}
