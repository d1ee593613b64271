import { abortable, type Logger, within } from '@logcatch/plugin-api';
import type { Address } from './address.ts';
import type { Call } from './call.ts';
import { FieldReader } from './fields.ts';
import {
  type ApiName,
  type Broker,
  type Connection,
  encodedBody,
  makeBroker,
  metadataBody,
  type Protocol,
  protocolOf,
} from './kafkajs.ts';
import { connectFailure, noAnswer } from './link-failure.ts';
import { type ProduceHead, produceHead } from './produce-request.ts';
import type { Security } from './security.ts';
import type { Producer } from './sender.ts';
import type { Answer, Link, Metadata, NewTopic, Produced } from './wire.ts';

export interface LinkSettings {
  readonly acks: 'all' | 'leader';
  readonly clientId: string;
  /** In ms. */
  readonly connectTimeout: number;
  /** In ms. */
  readonly requestTimeout: number;
  readonly log: Logger;
  security(): Promise<Security>;
}

/**
 * Connects to one broker.
 * @throws SendFailure
 */
export async function openLink(address: Address, settings: LinkSettings, signal: AbortSignal): Promise<Link> {
  const { tls, sasl } = await settings.security();
  signal.throwIfAborted();
  const { broker, connection } = makeBroker({
    ...address,
    clientId: settings.clientId,
    connectionTimeout: settings.connectTimeout,
    requestTimeout: settings.requestTimeout,
    ssl: tls ?? null,
    sasl: sasl ?? null,
    log: settings.log,
  });
  const link = new KafkajsLink(address, broker, connection, settings);
  try {
    await within(settings.connectTimeout, (late) => abortable(broker.connect(), AbortSignal.any([late, signal])));
  } catch (error) {
    await link.close(asError(error));
    const failure = connectFailure(address, error);
    settings.log.debug(failure.message);
    throw failure;
  }
  return link;
}

class KafkajsLink implements Link {
  readonly #address: Address;
  readonly #broker: Broker;
  readonly #connection: Connection;
  readonly #settings: LinkSettings;
  #closed = false;

  constructor(address: Address, broker: Broker, connection: Connection, settings: LinkSettings) {
    this.#address = address;
    this.#broker = broker;
    this.#connection = connection;
    this.#settings = settings;
  }

  get alive(): boolean {
    return !this.#closed && this.#connection.isConnected();
  }

  async metadata(topics: readonly string[]): Promise<Metadata> {
    const { request, response } = this.#protocol('Metadata', { topics });
    const encode = async () => metadataBody(topics);
    const answer = await this.#ask<MetadataAnswer>({ request: { ...request, encode }, response });
    return {
      nodes: new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }])),
      controller: answer.controllerId,
      topics: answer.topicMetadata.map(({ topic, topicErrorCode, partitionMetadata }) => ({
        name: topic,
        code: topicErrorCode,
        leaders: leadersOf(partitionMetadata),
      })),
    };
  }

  async initProducerId(): Promise<Answer & { producer: Producer }> {
    const protocol = this.#protocol('InitProducerId', { transactionTimeout: this.#settings.requestTimeout });
    const { errorCode, producerId, producerEpoch } = await this.#ask<InitProducerIdAnswer>(protocol);
    return { code: errorCode, producer: { id: producerId, epoch: producerEpoch } };
  }

  async createTopic({ name, partitions, replicationFactor }: NewTopic): Promise<Answer> {
    const topics = [{ topic: name, numPartitions: partitions, replicationFactor }];
    const protocol = this.#protocol('CreateTopics', { topics, validateOnly: false, timeout: this.#brokerTimeout });
    const answer = await this.#ask<CreateTopicsAnswer>(protocol);
    const { errorCode = -1, errorMessage } = answer.topicErrors[0] ?? {};
    return { code: errorCode, ...(errorMessage && { text: errorMessage }) };
  }

  async produce(topic: string, partition: number, records: Buffer, transactionalId?: string): Promise<Produced> {
    const protocol = this.#protocol('Produce', {});
    const answer = await this.#guarded(async () => {
      await this.#inTime(this.#connection.authenticate());
      const payload = await this.#write(protocol, { topic, partition, transactionalId }, records);
      const decoded = (await protocol.response.decode(payload)) as ProduceAnswer;
      this.#connection.requestQueue.maybeThrottle(decoded.clientSideThrottleTime);
      return decoded;
    });
    const about = answer.topics[0]?.partitions[0];
    if (about?.partition !== partition) throw noAnswer(this.#address, new Error('it answers about other records'));
    const offset = BigInt(about.baseOffset);
    return { code: about.errorCode, offset: offset < 0n ? undefined : offset };
  }

  async request<T>({ apiKey, apiVersion, apiName, body, read }: Call<T>): Promise<T> {
    const request = { apiKey, apiVersion, apiName, encode: async () => encodedBody(body) };
    const decode = async (answer: Buffer) => read(new FieldReader(answer));
    return this.#ask<T>({ request, response: { decode } });
  }

  async close(reason: Error): Promise<void> {
    this.#closed = true;
    const { socket } = this.#connection;
    if (!socket || socket.closed) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // With an error, because only then does kafkajs reject what is pending and end its timers.
    socket.destroy(reason);
    await closed;
  }

  /** Shorter than ours, so that a broker's "timed out" comes before we give up the connection. In ms. */
  get #brokerTimeout(): number {
    return Math.ceil(this.#settings.requestTimeout * 0.7);
  }

  #protocol(name: ApiName, args: object): Protocol {
    // A broker that never got as far as its API versions has no requests.
    if (!this.alive) throw connectFailure(this.#address, new Error('the connection was lost'));
    return protocolOf(this.#broker, name, args);
  }

  #ask<T>({ request, response }: Protocol): Promise<T> {
    // Not kafkajs's `parse`: it throws at the first error code of any topic and drops the rest of the answer.
    const parse = async (data: unknown) => data;
    const call = { request, response: { decode: response.decode, parse } };
    return this.#guarded(async () => (await this.#inTime(this.#connection.send(call))) as T);
  }

  /** kafkajs ends what it has sent in time, but not always what it does before, such as a login. */
  #inTime<T>(promise: Promise<T>): Promise<T> {
    return within(this.#settings.requestTimeout, (late) => abortable(promise, late));
  }

  /** Any failure, time-outs included, ends the connection: an answer that comes late must meet nobody. */
  async #guarded<T>(exchange: () => Promise<T>): Promise<T> {
    try {
      return await exchange();
    } catch (error) {
      void this.close(asError(error));
      throw noAnswer(this.#address, error);
    }
  }

  /** As kafkajs's `Connection.send`, which would copy the records twice. */
  async #write(
    { request }: Protocol,
    to: Pick<ProduceHead, 'topic' | 'partition' | 'transactionalId'>,
    records: Buffer,
  ): Promise<Buffer> {
    // It may have been lost while we logged in, and then kafkajs would keep what we push for ever.
    if (!this.alive) throw new Error('the connection was lost');
    const { socket, requestQueue } = this.#connection;
    const { apiKey, apiVersion, apiName } = request;
    const correlationId = this.#connection.nextCorrelationId();
    const head = produceHead({
      apiVersion,
      correlationId,
      clientId: this.#settings.clientId,
      acks: this.#settings.acks === 'all' ? -1 : 1,
      timeout: this.#brokerTimeout,
      ...to,
      recordsLength: records.length,
    });
    const { payload } = await new Promise<{ payload: Buffer }>((resolve, reject) => {
      requestQueue.push({
        entry: { apiKey, apiVersion, apiName, correlationId, resolve, reject },
        expectResponse: true,
        sendRequest: () => {
          socket!.cork();
          socket!.write(head);
          socket!.write(records);
          socket!.uncork();
        },
      });
    });
    return payload;
  }
}

function leadersOf(partitions: MetadataAnswer['topicMetadata'][number]['partitionMetadata']): number[] {
  const leaders: number[] = new Array(partitions.length).fill(-1);
  for (const { partitionId, leader } of partitions) leaders[partitionId] = leader;
  return leaders;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

interface MetadataAnswer {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly controllerId: number;
  readonly topicMetadata: readonly {
    readonly topic: string;
    readonly topicErrorCode: number;
    readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
  }[];
}

interface InitProducerIdAnswer {
  readonly errorCode: number;
  readonly producerId: string;
  readonly producerEpoch: number;
}

interface CreateTopicsAnswer {
  readonly topicErrors: readonly { readonly errorCode: number; readonly errorMessage?: string | null }[];
}

interface ProduceAnswer {
  readonly clientSideThrottleTime?: number;
  readonly topics: readonly {
    readonly partitions: readonly {
      readonly partition: number;
      readonly errorCode: number;
      readonly baseOffset: string;
    }[];
  }[];
}
