import { type Address, formatAddress } from './address.ts';
import { SendFailure } from './failure.ts';

/** What is wrong with a certificate, by codes and words of Node's TLS, and what to do; the first that fits. */
const certificates: readonly [RegExp, string][] = [
  [/ALTNAME/, 'Name the broker as its certificate does, or set `tls.server_name` to a name that is in there.'],
  [/EXPIRED|NOT_YET_VALID/, 'Renew the certificate of the broker; see also whether the clocks are right.'],
  [
    /alert (bad|unknown|certificate|handshake)|certificate required/i,
    'The broker does not accept our certificate: set `tls.cert` and `tls.key` to one that is signed by a CA it trusts.',
  ],
  [
    /KEY_VALUES_MISMATCH|PEM|BAD_DECRYPT|NO_START_LINE/,
    'Check the files `tls.ca`, `tls.cert` and `tls.key`, and `tls.key_passphrase`.',
  ],
  [/CERT|ISSUER|SIGNATURE|SIGNED/, 'Set `tls.ca` to the CA that has signed the certificate of the broker.'],
];
const checkCredentials =
  'Check `sasl.username` and `sasl.password` (or `sasl.token`), and that the user has a credential for this mechanism.';
/** What to do about a login that is refused, by the error code of the protocol; kafkajs finds some faults without one. */
const logins: ReadonlyMap<unknown, string> = new Map([
  // UNSUPPORTED_SASL_MECHANISM
  [33, 'Set `sasl.mechanism` to one that this listener of the broker offers.'],
  // ILLEGAL_SASL_STATE
  [34, 'This listener of the broker takes no login: leave out `sasl`, or use another port.'],
  // SASL_AUTHENTICATION_FAILED
  [58, checkCredentials],
]);

/** Why a connection could not be made. Nothing was written. */
export function connectFailure(address: Address, error: unknown): SendFailure {
  const where = formatAddress(address);
  const text = textOf(error);
  if (isLogin(error)) {
    const details = { cause: error, hint: logins.get(codeOf(error)) ?? checkCredentials };
    return new SendFailure('LC_OUTPUT_AUTH', `${where} refuses the login: ${text}`, details);
  }
  const signs = `${codeOf(error)} ${text}`;
  const certificate = certificates.find(([sign]) => sign.test(signs));
  if (certificate) {
    const details = { cause: error, hint: certificate[1] };
    return new SendFailure('LC_OUTPUT_AUTH', `TLS with ${where} fails: ${text}`, details);
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
  return (error as Error).name === 'KafkaJSSASLAuthenticationError' || logins.has(codeOf(error));
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

/** kafkajs's words without what only it knows. */
function textOf(error: unknown): string {
  const { message } = error instanceof Error ? error : new Error(String(error));
  const text = message.replace(/^Connection error: /, '');
  return /^Request \w+\(.*\) timed out$/.test(text) ? 'the request timed out' : text;
}
