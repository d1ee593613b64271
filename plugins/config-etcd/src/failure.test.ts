import { EtcdAuthenticationFailedError, EtcdPermissionDeniedError, GRPCDeadlineExceededError } from 'etcd3';
import { expect, test } from 'vitest';
import { parseEndpoint } from './endpoint.ts';
import { unreachable } from './failure.ts';
import { scopeOf } from './scope.ts';

const at = (name: string, error: unknown) => ({ entrant: parseEndpoint(name, false)!, error });
const asking = { username: 'app', scope: scopeOf({ prefix: '/apps/' }) };

test('equal causes are named once', () => {
  const timeout = new GRPCDeadlineExceededError('4 DEADLINE_EXCEEDED: Deadline exceeded after 1.001s,remote_addr=...');
  const several = new AggregateError([
    new Error('connect ECONNREFUSED ::1'),
    new Error('connect ECONNREFUSED 127.0.0.1'),
  ]);
  const { message } = unreachable([at('a', timeout), at('b', timeout), at('c', several)], asking);
  expect(message).toBe(
    'etcd at http://a:2379, http://b:2379: no answer in time; http://c:2379: connect ECONNREFUSED ::1, connect ECONNREFUSED 127.0.0.1',
  );
});

test('a refusal counts more than endpoints that are down', () => {
  const down = at('a', new Error('connect ECONNREFUSED'));
  const login = unreachable([down, at('b', new EtcdAuthenticationFailedError('3 INVALID_ARGUMENT: ...'))], asking);
  expect(login.message).toBe('etcd at http://b:2379 refuses user app: wrong name or password');
  const right = unreachable([down, at('b', new EtcdPermissionDeniedError('7 PERMISSION_DENIED: ...'))], asking);
  expect(right.message).toBe('etcd at http://b:2379 does not let user app read prefix /apps/');
  expect(right.hint).toContain('etcdctl role grant-permission ROLE read /apps/ --prefix=true');
});
