import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith, etcd } from './servers/require.ts';
import { temporaryFolder } from './support/agent.ts';
import { EtcdKey } from './support/etcd.ts';
import { SourceDriver } from './support/etcd-source.ts';

describeWith(['etcd'], 'TLS', () => {
  it('a CA and a client certificate of files; the cause where they do not fit', async () => {
    const folder = temporaryFolder();
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    const names = ['server', 'client'];
    for (const name of names) {
      const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
      const pair = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
      const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
      openssl('req', '-x509', '-nodes', ...curve, ...pair, ...subject);
    }
    const [cert, ca] = names.map((name) => readFileSync(join(folder, `${name}.crt`)));
    const key = readFileSync(join(folder, 'server.key'));
    const asked = { cert, key, ca, requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] };
    const store = new EtcdKey(etcd().endpoints[0]!);
    const server = createTlsServer(asked, (client) => {
      const upstream = connect(Number(new URL(store.endpoint).port), '127.0.0.1');
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) socket.on('error', () => {});
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    await store.put('secure');
    const endpoints = `localhost:${(server.address() as AddressInfo).port}`;
    const file = (name: string) => join(folder, name);
    const driver = new SourceDriver({
      endpoints,
      key: store.key,
      tls: { ca: file('server.crt'), cert: file('client.crt'), key: file('client.key') },
    });
    await driver.value('secure');
    await driver.stop();
    const untrusting = new SourceDriver({ endpoints: `https://${endpoints}`, key: store.key });
    await untrusting.until(() => untrusting.lastError?.code === 'LC_SOURCE_UNREACHABLE');
    expect(untrusting.lastError?.message).toContain(`etcd at https://${endpoints}: self-signed certificate`);
    const missing = new SourceDriver({ endpoints, key: store.key, tls: { ca: file('none.crt') } });
    await missing.until(() => missing.lastError !== undefined);
    expect(missing.lastError?.message).toContain("no such file or directory, open '");
  });
});
