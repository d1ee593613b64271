import type { State } from '@logcatch/plugin-api';
import type { Bytes } from '../state/ledger.ts';
import { agent, component, input, lanes, type Metric, output, type Sample, snake } from './metric.ts';

const states: readonly State[] = [
  'waiting',
  'starting',
  'running',
  'degraded',
  'stuck',
  'stopping',
  'stopped',
  'failed',
];

/** An increase is seen only in what was there before: these are alerted on. */
const nothingAbandoned = { truncated: 0, gone: 0, replaced: 0, forgotten: 0 };

/** Everything that `GET /metrics` tells. docs/operating.md is written from this table. */
export const metrics: readonly Metric[] = [
  agent(
    'gauge',
    'logcatch_info',
    '1, with what tells this agent from others.',
    ['name', 'agent_id', 'version'],
    (status) => [[[status.name, status.agentId, status.version], 1]],
  ),
  agent(
    'gauge',
    'logcatch_well',
    '1 while everything runs and nothing is news, as `pipeline status` says it; else 0.',
    [],
    (status) => [[[], Number(status.well)]],
  ),
  agent('gauge', 'process_start_time_seconds', 'When the agent started, since the epoch.', [], ({ startedAt }) => [
    [[], startedAt / 1_000],
  ]),
  agent('counter', 'process_cpu_seconds_total', 'CPU time of the process.', [], (status) => [[[], status.process.cpu]]),
  agent('gauge', 'process_resident_memory_bytes', 'Memory of the process.', [], (status) => [
    [[], status.process.memory],
  ]),
  agent(
    'gauge',
    'logcatch_buffers_used_bytes',
    'Buffers that hold what was read and has not settled.',
    [],
    ({ buffers }) => [[[], buffers.used]],
  ),
  agent('gauge', 'logcatch_buffers_budget_bytes', 'The most of them there may be: `max_bytes`.', [], ({ buffers }) => [
    [[], buffers.budget],
  ]),
  agent('gauge', 'logcatch_dead_letters_bytes', 'Dead letters on disk, those of earlier runs too.', [], (status) => [
    [[], status.deadLetters.bytes],
  ]),
  agent(
    'gauge',
    'logcatch_dead_letters_limit_bytes',
    'What they may reach; full, their sources stop.',
    [],
    (status) => [[[], status.deadLetters.limit]],
  ),
  agent(
    'counter',
    'logcatch_config_changes_total',
    'Changes of the configuration by how they ended.',
    ['result'],
    (status) => Object.entries(status.configuration.results).map(([result, count]): Sample => [[snake(result)], count]),
  ),
  agent(
    'gauge',
    'logcatch_config_pending',
    'Newer versions of the file or of sources that are not in effect.',
    [],
    (status) => [[[], status.configuration.pending.length]],
  ),
  agent(
    'gauge',
    'logcatch_config_source_up',
    '1 while a configuration source works and its newest value is good.',
    ['source', 'type'],
    (status) => status.sources.map(({ name, type, state }): Sample => [[name, type], Number(state === 'running')]),
  ),
  agent(
    'gauge',
    'logcatch_config_source_loaded_timestamp_seconds',
    'When the value in effect was loaded, since the epoch.',
    ['source', 'type'],
    (status) =>
      status.sources.flatMap(({ name, type, loadedAt }): Sample[] =>
        loadedAt === undefined ? [] : [[[name, type], loadedAt / 1_000]],
      ),
  ),
  agent(
    'gauge',
    'logcatch_waiting_components',
    'Components that cannot run before a configuration source has a value.',
    [],
    (status) => [[[], status.waiting.length]],
  ),
  agent(
    'counter',
    'logcatch_errors_total',
    'Errors by their code (docs/errors.md); `component` is empty where they concern none.',
    ['component', 'code'],
    (status) =>
      [{ id: '', errors: { LC_STATE_WRITE: 0, ...status.errors } }, ...status.components].flatMap(({ id, errors }) =>
        Object.entries(errors).map(([code, count]): Sample => [[id, code], count]),
      ),
  ),

  component(
    'gauge',
    'logcatch_component_state',
    'How many components are in this state: one, or entries of an `each`.',
    ['kind', 'type', 'state'],
    (one) => states.map((state) => [[one.kind, one.type, state], one.states[state] ?? 0]),
  ),
  component(
    'counter',
    'logcatch_component_received_records_total',
    'Records that it was given; of an input, that it has read.',
    [],
    (one) => [[[], one.in.records]],
  ),
  component(
    'counter',
    'logcatch_component_received_bytes_total',
    'Their bytes without line ends; of an input, the bytes of its files.',
    [],
    (one) => [[[], one.in.bytes]],
  ),
  component(
    'counter',
    'logcatch_component_sent_records_total',
    'Records that it has given to the next ones; of an output, that it has written.',
    [],
    (one) => [[[], one.out.records]],
  ),
  component('counter', 'logcatch_component_sent_bytes_total', 'Their bytes without line ends.', [], (one) => [
    [[], one.out.bytes],
  ]),
  component(
    'counter',
    'logcatch_component_restarts_total',
    'How often it was started again because it had failed.',
    [],
    (one) => [[[], one.restarts]],
  ),

  input('gauge', 'logcatch_input_files', 'Files that it follows.', ({ count }) => count),
  input(
    'gauge',
    'logcatch_input_lag_bytes',
    'Bytes that are known to be there and have not settled, read or not.',
    ({ lag }) => lag,
  ),
  input(
    'gauge',
    'logcatch_input_unsettled_bytes',
    'Bytes that were read and have not settled.',
    ({ unsettled }) => unsettled,
  ),
  input(
    'gauge',
    'logcatch_input_oldest_unsettled_age_seconds',
    'For how long the oldest byte that has not settled is known to be there; 0 where all have.',
    ({ oldestAt }, { at }) => (oldestAt === undefined ? 0 : Math.max(0, at - oldestAt) / 1_000),
  ),
  input(
    'histogram',
    'logcatch_input_settle_duration_seconds',
    'From the read of a batch until the position of its file had passed it.',
    ({ settling }) => settling,
  ),
  component('counter', 'logcatch_input_discoveries_total', 'What happened to its files.', ['event'], ({ input }) =>
    Object.entries(input?.discovered ?? {}).map(([event, count]) => [[event], count]),
  ),
  input(
    'counter',
    'logcatch_input_discovered_bytes_total',
    'The ledger: bytes that were ever known to be there, over restarts. The sum of the next two, and of what is pending.',
    ({ account }) => account.discovered,
  ),
  component(
    'counter',
    'logcatch_input_delivered_bytes_total',
    'The ledger: bytes of files that a required output has written.',
    [],
    ({ input }) => (input ? [[[], input.account.delivered]] : []),
  ),
  component(
    'counter',
    'logcatch_input_undelivered_bytes_total',
    'The ledger: bytes of files that settled in another way (dropped, dead_lettered, skipped, abandoned), and why.',
    ['account', 'reason'],
    ({ input }) => {
      if (!input) return [];
      const { dropped, deadLettered, skipped, abandoned } = input.account;
      const by = (account: string, bytes: Bytes) =>
        Object.entries(bytes).map(([reason, count]): Sample => [[account, reason], count]);
      return [
        ...by('dropped', dropped),
        [['dead_lettered', ''], deadLettered],
        [['skipped', ''], skipped],
        ...by('abandoned', { ...nothingAbandoned, ...abandoned }),
      ];
    },
  ),
  input(
    'gauge',
    'logcatch_input_pending_bytes',
    'The ledger: bytes that have not settled, those of files that are not open too.',
    ({ account }) => account.pending,
  ),
  input(
    'counter',
    'logcatch_input_repeated_bytes_total',
    'The ledger: bytes that were read again; not part of the sum.',
    ({ account }) => account.repeated,
  ),

  output(
    'gauge',
    'logcatch_output_queued_records',
    'Records that wait for it or are on their way.',
    ({ queued }) => queued,
  ),
  output(
    'counter',
    'logcatch_output_retries_total',
    'How often a batch was put back to be written again, or the output sent something again by itself.',
    ({ retries }) => retries,
  ),
  output(
    'counter',
    'logcatch_output_dropped_records_total',
    'Records that were not written because it is not required, and was full or failing.',
    ({ dropped }) => dropped,
  ),
  component(
    'counter',
    'logcatch_output_refused_records_total',
    'Records that it refused for good, by what was done with them.',
    ['verdict'],
    ({ output }) => Object.entries(output?.refused ?? {}).map(([verdict, count]) => [[snake(verdict)], count]),
  ),
  component(
    'gauge',
    'logcatch_output_last_dead_letter_timestamp_seconds',
    'When the last record of it became a dead letter, since the epoch.',
    [],
    ({ output }) => (output?.buried ? [[[], output.buried.lastAt / 1_000]] : []),
  ),
  lanes('logcatch_output_lanes', 'Lanes that are open: partitions, for Kafka.', (all) => all.length),
  lanes(
    'logcatch_output_lanes_stuck',
    'Those of them that do not get on; the sources that feed them wait.',
    (all) => all.filter(({ stuck }) => stuck).length,
  ),
  lanes('logcatch_output_lanes_queued_bytes', 'Bytes that wait in the lanes.', (all) =>
    all.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0),
  ),
];
