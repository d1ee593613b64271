import type { ComponentContext } from '@logcatch/plugin-api';
import type { LinkSettings } from './link.ts';
import type { Options } from './options.ts';
import { readSecurity } from './security.ts';

export function linkSettings(options: Options, context: ComponentContext): LinkSettings {
  return {
    acks: options.acks,
    clientId: options.client_id,
    connectTimeout: options.connect_timeout,
    requestTimeout: options.request_timeout,
    log: context.log,
    security: () => readSecurity(options, context),
  };
}
