import { defineConfigSource } from '@logcatch/plugin-api';
import { diagnose } from './diagnosis.ts';
import { endpointsOf, options } from './options.ts';
import { scopeOf } from './scope.ts';
import { EtcdSource } from './source.ts';

export default defineConfigSource({
  type: 'etcd',
  remote: true,
  description: 'Configuration in etcd: the value of a key, or all keys under a prefix.',
  options,
  login: { login: 'password', servers: 'endpoints', authority: 'tls.ca', protection: ['tls'] },
  summarize: (value) => {
    const urls = endpointsOf(value).map(({ url }) => url);
    return `etcd ${scopeOf(value).name} at ${urls.join(', ')}`;
  },
  diagnose,
  create: (value, context) => new EtcdSource(value, context),
});
