import type { BundledPlugins } from '@logcatch/core';

/** The component types that come with logcatch. Loaded when a pipeline file names them, so that the others cost nothing. */
export const bundled: BundledPlugins = {
  config: {
    etcd: async () => (await import('@logcatch/config-etcd')).default,
    file: async () => (await import('@logcatch/config-file')).default,
    ini: async () => (await import('@logcatch/config-ini')).default,
  },
  input: {
    'file-tail': async () => (await import('@logcatch/input-file-tail')).default,
    stdin: async () => (await import('@logcatch/input-stdin')).default,
  },
  transform: {
    attributes: async () => (await import('@logcatch/transform-attributes')).default,
    'drop-blank': async () => (await import('@logcatch/transform-drop-blank')).default,
    filter: async () => (await import('@logcatch/transform-filter')).default,
    mask: async () => (await import('@logcatch/transform-mask')).default,
    parse: async () => (await import('@logcatch/transform-parse')).default,
    'rate-limit': async () => (await import('@logcatch/transform-rate-limit')).default,
    route: async () => (await import('@logcatch/transform-route')).default,
    sample: async () => (await import('@logcatch/transform-sample')).default,
  },
  output: {
    blackhole: async () => (await import('@logcatch/output-blackhole')).default,
    console: async () => (await import('@logcatch/output-console')).default,
    file: async () => (await import('@logcatch/output-file')).default,
    kafka: async () => (await import('@logcatch/output-kafka')).default,
  },
};
