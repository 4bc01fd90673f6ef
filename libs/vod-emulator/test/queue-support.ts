import http from 'node:http';
import { sign, stringToSign } from '../src/queue/authorization';
import { type Element, parseXml } from '../src/queue/xml';
import { ACCESS_KEY } from './support';

export interface QueueReply {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  /** Undefined when the body is no XML. */
  root: Element | undefined;
}

export interface AskQueueOptions {
  region?: string;
  key?: { id: string; secret: string };
  headers?: Record<string, string>;
  /** Changed after the signature was made. */
  tamper?: { method?: string; resource?: string; headers?: Record<string, string> };
  /** How the region's queues are reached; `whole path`: as `path`, and the endpoint's own path is signed as well. */
  way?: 'path' | 'whole path' | 'host' | 'proxy';
}

export type AskQueue = (
  method: string,
  resource: string,
  body?: string,
  options?: AskQueueOptions,
) => Promise<QueueReply>;

interface RawRequest {
  method: string;
  path: string;
  headers: http.OutgoingHttpHeaders;
  body: string;
}

/** Signed calls as a careful client makes them, and whatever goes wrong with them. */
export function queueAsker(url: string): AskQueue {
  return (method, resource, body, options) => sendRaw(url, signedRequest(url, method, resource, body, options));
}

export function signedRequest(
  url: string,
  method: string,
  resource: string,
  body = '',
  options: AskQueueOptions = {},
): RawRequest {
  const { region = 'cn-shanghai', key = ACCESS_KEY, headers: given = {}, tamper = {}, way = 'path' } = options;
  const ownHost = `1234567.mns.${region}.aliyuncs.com`;
  const isByPath = way === 'path' || way === 'whole path';
  const prefix = isByPath ? `/_mns/${region}` : '';
  const all: Record<string, string> = {
    host: isByPath ? new URL(url).host : ownHost,
    date: new Date().toUTCString(),
    'x-mns-version': '2015-06-06',
    ...(body !== '' && { 'content-type': 'text/xml' }),
    ...given,
  };
  const signed = way === 'whole path' ? `${prefix}${resource}` : resource;
  const text = stringToSign({ method, headers: all, body, resources: [] }, all['date'] ?? '', signed);
  return {
    method: tamper.method ?? method,
    path: `${way === 'proxy' ? `http://${ownHost}` : prefix}${tamper.resource ?? resource}`,
    headers: { ...all, authorization: `MNS ${key.id}:${sign(text, key.secret)}`, ...tamper.headers },
    body,
  };
}

/** For who wants the connection in their own hands. */
export function bytesOf({ method, path, headers, body }: RawRequest): string {
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body) });
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

export function sendRaw(url: string, { method, path, headers, body }: RawRequest): Promise<QueueReply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const length = { 'content-length': Buffer.byteLength(body) };
    const request = http.request({ hostname, port, method, path, headers: { ...headers, ...length } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, root: parseXml(text) }),
      );
    });
    request.on('error', reject).end(body);
  });
}

/** The text of a child, by its name. */
export function textIn(element: Element | undefined, name: string): string | undefined {
  return element?.children.find((child) => child.name === name)?.text;
}

/** Status and code, as `404 MessageNotExist`; only the status of what is no error. */
export function outcomeOf({ status, root }: QueueReply): string {
  return root?.name === 'Error' ? `${status} ${textIn(root, 'Code')}` : String(status);
}

export interface ReceivedMessage {
  id: string;
  body: string;
  handle: string;
  dequeueCount: number;
}

/** Of a receive, single or in a batch; none when there was no message. */
export function messagesOf({ root }: QueueReply): ReceivedMessage[] {
  const elements = root?.name === 'Messages' ? root.children : root?.name === 'Message' ? [root] : [];
  return elements.map((element) => ({
    id: textIn(element, 'MessageId') ?? '',
    body: textIn(element, 'MessageBody') ?? '',
    handle: textIn(element, 'ReceiptHandle') ?? '',
    dequeueCount: Number(textIn(element, 'DequeueCount')),
  }));
}

/** A request body with one message. The text is put into CDATA as it is. */
export function messageXml(body: string, more = ''): string {
  return `<Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageBody><![CDATA[${body}]]></MessageBody>${more}</Message>`;
}
