/**
 * What we use of kafkajs 2.2.4 from inside, typed, and nothing else knows it: its connections (TLS, SASL, API versions,
 * requests with time-outs) and its codecs of small requests. We do not use its producer: on its retry path it loses
 * acknowledged records, and one topic in trouble stops the metadata of all. `kafkajs.test.ts` fails when one of these moves.
 */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Logger } from '@logcatch/plugin-api';

export interface Request {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  encode(): Promise<object>;
}

export interface Protocol {
  readonly request: Request;
  readonly response: { decode(payload: Buffer): Promise<unknown> };
}

interface Entry extends Omit<Request, 'encode'> {
  readonly correlationId: number;
  resolve(answer: { payload: Buffer }): void;
  reject(error: unknown): void;
}

export interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
  maybeThrottle(ms: number | undefined): void;
  push(request: { entry: Entry; expectResponse: boolean; sendRequest(): void }): void;
}

export interface Connection {
  readonly socket: Socket | undefined;
  readonly requestQueue: RequestQueue;
  /** How long a login holds, in ms, as a Long; 0 = as long as the connection. */
  readonly sessionLifetime: { toString(): string };
  /** It logs in again so long before that, in ms. */
  reauthenticationThreshold: number;
  isConnected(): boolean;
  /** Logs in (again) where it is due. */
  authenticate(): Promise<void>;
  nextCorrelationId(): number;
  send(call: { request: Request; response: object }): Promise<unknown>;
}

interface ConnectionPool {
  readonly pool: readonly Connection[];
}

export interface Broker {
  connect(): Promise<void>;
  /** A request in the newest version that both sides know. */
  lookupRequest(apiKey: number, definition: object): (args: object) => Protocol;
}

export interface BrokerSettings {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  /** In ms. */
  readonly connectionTimeout: number;
  /** In ms. */
  readonly requestTimeout: number;
  readonly ssl: object | null;
  readonly sasl: object | null;
  readonly log: Logger;
}

interface Encoder {
  writeArray(array: readonly string[]): Encoder;
  writeBoolean(value: boolean): Encoder;
  writeBufferInternal(bytes: Buffer): void;
}

interface KafkajsLogger {
  namespace(): KafkajsLogger;
  debug(message: string): void;
  info(message: string, extra?: Extra): void;
  warn(message: string, extra?: Extra): void;
  error(message: string, extra?: Extra): void;
}

type Extra = { readonly broker?: string; readonly error?: string } | undefined;
export type ApiName = 'Produce' | 'Metadata' | 'InitProducerId' | 'CreateTopics';

const load = createRequire(import.meta.url);
const BrokerClass = load('kafkajs/src/broker/index.js') as new (options: object) => Broker;
const ConnectionPoolClass = load('kafkajs/src/network/connectionPool.js') as new (options: object) => ConnectionPool;
const EncoderClass = load('kafkajs/src/protocol/encoder.js') as new () => Encoder;
const socketFactory = load('kafkajs/src/network/socketFactory.js') as () => object;
const apiKeys = load('kafkajs/src/protocol/requests/apiKeys.js') as Record<ApiName, number>;
const { requests } = load('kafkajs/src/protocol/requests/index.js') as { requests: Record<ApiName, object> };

/** A broker that is not connected yet, and the one connection to it that we use. */
export function makeBroker(settings: BrokerSettings): { broker: Broker; connection: Connection } {
  const { log, ...options } = settings;
  const logger = debugLogger(log);
  const connectionPool = new ConnectionPoolClass({
    ...options,
    logger,
    socketFactory: socketFactory(),
    enforceRequestTimeout: true,
  });
  const authenticationTimeout = options.connectionTimeout;
  const broker = new BrokerClass({ connectionPool, logger, authenticationTimeout, allowAutoTopicCreation: false });
  const connection = connectionPool.pool[0]!;
  calm(connection.requestQueue);
  renewInTime(connection);
  return { broker, connection };
}

export function protocolOf(broker: Broker, name: ApiName, args: object): Protocol {
  return broker.lookupRequest(apiKeys[name], requests[name])(args);
}

/** The body of a request that is encoded already. */
export function encodedBody(bytes: Buffer): object {
  const encoder = new EncoderClass();
  encoder.writeBufferInternal(bytes);
  return encoder;
}

/**
 * The body of a Metadata request, version 4 or newer. kafkajs's own asks for all topics when given none, and lets the
 * broker create what is missing unless told not to.
 */
export function metadataBody(topics: readonly string[]): object {
  return new EncoderClass().writeArray(topics).writeBoolean(false);
}

/**
 * kafkajs looks for waiting requests after each answer even when none waits, by a timer with a negative delay: on Node 24
 * that is a TimeoutNegativeWarning for the process, and a needless timer.
 */
function calm(queue: RequestQueue): void {
  const schedule = queue.scheduleCheckPendingRequests;
  queue.scheduleCheckPendingRequests = () => {
    if (queue.pending.length > 0) schedule.call(queue);
  };
}

/**
 * kafkajs logs in again 10 s before a session ends: with sessions that are shorter, for every request, and a broker refuses
 * to be asked twice within a second.
 */
function renewInTime(connection: Connection): void {
  const usual = connection.reauthenticationThreshold;
  Object.defineProperty(connection, 'reauthenticationThreshold', {
    get: () => Math.min(usual, Math.floor(Number(connection.sessionLifetime.toString()) / 5)),
  });
}

/** kafkajs reports what it meets as errors; we report what it means, so its own words are for `debug`. */
function debugLogger(log: Logger): KafkajsLogger {
  const write = (message: string, extra: Extra) => {
    if (!log.debugging) return;
    log.debug(`kafkajs: ${message}`, { broker: extra?.broker, error: extra?.error });
  };
  const logger: KafkajsLogger = { namespace: () => logger, debug: () => {}, info: write, warn: write, error: write };
  return logger;
}
