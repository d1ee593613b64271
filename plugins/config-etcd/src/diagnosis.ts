import { abortable, type Examined, type Finding, plural, within } from '@logcatch/plugin-api';
import { Client } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import { isRefusal, reasonOf, unreachable } from './failure.ts';
import { hello } from './hello.ts';
import { endpointsOf, type Options } from './options.ts';
import { scopeOf } from './scope.ts';
import { readTls } from './tls.ts';

type Patient = Examined<Options>;

/** Whether each member answers, lets us read, and what it holds for us. */
export async function* diagnose(components: readonly Patient[], signal: AbortSignal): AsyncGenerator<Finding> {
  const asked = components.flatMap((one) =>
    endpointsOf(one.options).map((endpoint) =>
      within(one.options.connect_timeout, (late) => member(one, endpoint, AbortSignal.any([signal, late]))),
    ),
  );
  for (const finding of asked) yield await finding;
}

async function member({ options, context }: Patient, endpoint: Endpoint, signal: AbortSignal): Promise<Finding> {
  const { username, password, tls, connect_timeout } = options;
  const scope = scopeOf(options);
  const about = `${context.id}: ${endpoint.url}`;
  let client: Client | undefined;
  try {
    const files = endpoint.secure ? await readTls(tls, (path) => context.resolve(path)) : undefined;
    await hello(endpoint, files, signal);
    client = new Client(endpoint, files);
    const deadline = Date.now() + connect_timeout;
    if (username !== undefined && password !== undefined) {
      await abortable(client.login({ username, password: await context.secret(password) }, deadline), signal);
    }
    const { kvs, count } = await abortable(
      client.etcd.kv.range({ ...scope.range, keys_only: true }, { deadline }),
      signal,
    );
    // Not every user may ask that.
    const version = await abortable(client.etcd.maintenance.status({ deadline }), signal).then(
      (status) => `, etcd ${status.version}`,
      () => '',
    );
    if (kvs.length === 0) {
      const hint = 'Put a value there; what depends on it waits.';
      return { level: 'warning', what: `${about} answers${version}, and holds nothing at ${scope.name}`, hint };
    }
    const what = `${about} answers${version}, and holds ${scope.prefix === '' ? scope.name : `${plural(Number(count), 'key')} under ${scope.name}`}`;
    return { level: 'ok', what };
  } catch (error) {
    if (!isRefusal(error)) {
      const hint = 'Check address, network, TLS and server.';
      return { level: 'problem', what: `${about} cannot be used: ${reasonOf(error)}`, hint };
    }
    const { message, hint } = unreachable([{ entrant: endpoint, error }], { username, scope });
    return { level: 'problem', what: `${context.id}: ${message}`, hint };
  } finally {
    client?.close();
  }
}
