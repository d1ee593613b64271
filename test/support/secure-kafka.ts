import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs';
import { type Kafka, type KafkaOptions, kafkaClient, startKafka } from '../servers/index.ts';
import { ownServer } from './own-server.ts';

/** A user of the broker below, for every mechanism. */
export const user = { name: 'shipper', password: 'sesame-opens' };

export interface SecureKafka {
  /** Its plain listener is for the tests themselves: whoever comes that way may do everything. */
  readonly server: Kafka;
  /** host:port of each broker, separated by commas, that wants a client certificate. */
  readonly mtls: string;
  /** The same with TLS and SASL: PLAIN, SCRAM and OAUTHBEARER, for sessions of 3 s. */
  readonly sasl: string;
  /** Options of an output, as YAML: it logs in by SCRAM. */
  readonly scram: string;
  /** PEM files. `other` is a CA that has signed nothing here. */
  readonly files: { readonly ca: string; readonly other: string; readonly cert: string; readonly key: string };
  stop(): Promise<void>;
}

/** Brokers of a `describe` with TLS and SASL listeners and authorization, and with fresh certificates. */
export function secureKafka(options: KafkaOptions = {}): () => SecureKafka {
  return ownServer(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'logcatch-secure-'));
    const secure = await start(folder, options);
    return { ...secure, stop: () => secure.server.stop().finally(() => rmSync(folder, { recursive: true })) };
  });
}

async function start(folder: string, options: KafkaOptions): Promise<Omit<SecureKafka, 'stop'>> {
  const ca = makeCa(folder, 'ca');
  const other = makeCa(folder, 'other');
  const broker = makeCertificate(folder, 'broker', 'IP:127.0.0.1');
  const client = makeCertificate(folder, 'client', 'DNS:client');
  const identity = join(folder, 'broker-identity.pem');
  writeFileSync(identity, readFileSync(broker.key, 'utf8') + readFileSync(broker.cert, 'utf8'));
  const modules = 'org.apache.kafka.common.security';
  const server = await startKafka({
    own: true,
    ...options,
    listeners: ['SSL', 'SASL_SSL'],
    scram: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
      (mechanism) => `${mechanism}=[name=${user.name},password=${user.password}]`,
    ),
    config: {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': identity,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': ca,
      'listener.name.ssl.ssl.client.auth': 'required',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'listener.name.sasl_ssl.plain.sasl.jaas.config': `${modules}.plain.PlainLoginModule required user_${user.name}="${user.password}";`,
      'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
      'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
      'listener.name.sasl_ssl.oauthbearer.sasl.jaas.config': `${modules}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
      'connections.max.reauth.ms': '3000',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
      'allow.everyone.if.no.acl.found': 'true',
    },
  });
  const addresses = (protocol: string) => server.nodes.map(({ listeners }) => listeners[protocol]).join(',');
  const sasl = addresses('SASL_SSL');
  const login = `mechanism: scram-sha-512, username: ${user.name}, password: ${user.password}`;
  return {
    server,
    mtls: addresses('SSL'),
    sasl,
    scram: `brokers: "${sasl}", tls: { ca: ${ca} }, sasl: { ${login} }`,
    files: { ca, other, cert: client.cert, key: client.key },
  };
}

/** Lets this user do everything with a topic, and nobody else but those who were let before. */
export async function allow(brokers: string[], name: string, topic: string): Promise<void> {
  const admin = kafkaClient(brokers).admin();
  await admin.connect();
  try {
    const acl = {
      resourceType: AclResourceTypes.TOPIC,
      resourceName: topic,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${name}`,
      host: '*',
      operation: AclOperationTypes.ALL,
      permissionType: AclPermissionTypes.ALLOW,
    };
    await admin.createAcls({ acl: [acl] });
  } finally {
    await admin.disconnect();
  }
}

/** A token that says who it is for, and no more: brokers for tests believe it. */
export function unsignedToken(seconds = 3600): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: user.name, iat: now, exp: now + seconds })}.`;
}

function makeCa(folder: string, name: string): string {
  const cert = join(folder, `${name}.pem`);
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    join(folder, `${name}.key`),
  ];
  openssl('req', '-x509', ...key, '-out', cert, '-days', '2', '-subj', `/CN=${name} of tests`);
  return cert;
}

/** Signed by the CA `ca` of this folder. */
function makeCertificate(folder: string, name: string, host: string): { cert: string; key: string } {
  const [cert, key, request] = [join(folder, `${name}.crt`), join(folder, `${name}.key`), join(folder, `${name}.csr`)];
  const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', request, '-subj', `/CN=${name}`];
  openssl('req', ...made, '-addext', `subjectAltName=${host}`);
  const ca = ['-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca.key'), '-CAcreateserial'];
  openssl('x509', '-req', '-in', request, ...ca, '-days', '2', '-copy_extensions', 'copy', '-out', cert);
  return { cert, key };
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
