import { LogcatchError, messageOf } from '@logcatch/plugin-api';
import { EtcdAuthenticationFailedError, EtcdPermissionDeniedError, GRPCDeadlineExceededError } from 'etcd3';
import type { Endpoint } from './endpoint.ts';
import type { Loss } from './race.ts';
import type { Scope } from './scope.ts';

export interface Asking {
  readonly username: string | undefined;
  readonly scope: Scope;
}

/** Why no endpoint can be used, as `LC_SOURCE_UNREACHABLE`: where the user is refused somewhere, that. */
export function unreachable(losses: readonly Loss<Endpoint>[], asking: Asking): LogcatchError {
  const refusal = losses.find(({ error }) => isRefusal(error)) ?? losses.find(({ error }) => wantsUser(error));
  if (refusal) return refused(refusal, asking);
  // Often the cause is the same everywhere.
  const byReason = Map.groupBy(losses, ({ error }) => reasonOf(error));
  const reasons = [...byReason].map(
    ([reason, all]) => `${all.map(({ entrant }) => entrant.url).join(', ')}: ${reason}`,
  );
  return new LogcatchError('LC_SOURCE_UNREACHABLE', `etcd at ${reasons.join('; ')}`, { cause: losses[0]?.error });
}

/** Whether trying again soon is in vain, and dear for the server. */
export function isRefusal(error: unknown): boolean {
  return error instanceof EtcdAuthenticationFailedError || error instanceof EtcdPermissionDeniedError;
}

function wantsUser(error: unknown): boolean {
  return error instanceof Error && error.message.includes('user name is empty');
}

function refused({ entrant, error }: Loss<Endpoint>, { username, scope }: Asking): LogcatchError {
  const place = `etcd at ${entrant.url}`;
  if (wantsUser(error)) {
    return new LogcatchError('LC_SOURCE_UNREACHABLE', `${place} takes no requests without a user`, {
      hint: 'Set username and password.',
      cause: error,
    });
  }
  if (error instanceof EtcdPermissionDeniedError) {
    const flag = scope.prefix === '' ? '' : ' --prefix=true';
    const key = scope.prefix || scope.range.key.toString();
    return new LogcatchError('LC_SOURCE_UNREACHABLE', `${place} does not let user ${username} read ${scope.name}`, {
      hint: `Grant it: etcdctl role grant-permission ROLE read ${key}${flag}, and etcdctl user grant-role ${username} ROLE.`,
      cause: error,
    });
  }
  return new LogcatchError('LC_SOURCE_UNREACHABLE', `${place} refuses user ${username}: wrong name or password`, {
    hint: 'Check username and password. A password in a file is read again at every attempt.',
    cause: error,
  });
}

/** One line, without what gRPC puts around it. */
export function reasonOf(error: unknown): string {
  if (error instanceof GRPCDeadlineExceededError) return 'no answer in time';
  // A name with several addresses.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join(', ');
  return messageOf(error).replace(/^\d+ [A-Z_]+: /, '');
}
