/** What the tests use of two clients of SMQ that come without types. */

declare module '@alicloud/mns' {
  interface Answered<Body> {
    code: number;
    headers: Record<string, string | undefined>;
    body: Body;
  }
  type Fields = Record<string, string>;

  /** Rejects with an Error whose name is `MNS<Code>Error`. */
  export default class Client {
    constructor(
      accountId: string,
      options: {
        accessKeyId: string;
        accessKeySecret: string;
        securityToken?: string;
        endpoint?: string;
        region?: string;
      },
    );
    createQueue(name: string, attributes?: Record<string, number>): Promise<Answered<undefined>>;
    getQueueAttributes(name: string): Promise<Answered<Fields>>;
    setQueueAttributes(name: string, attributes: Record<string, number>): Promise<Answered<undefined>>;
    listQueue(): Promise<Answered<Fields[]>>;
    deleteQueue(name: string): Promise<Answered<undefined>>;
    sendMessage(name: string, message: Record<string, string | number>): Promise<Answered<Fields>>;
    batchSendMessage(name: string, messages: Record<string, string | number>[]): Promise<Answered<Fields[]>>;
    receiveMessage(name: string, waitSeconds?: number): Promise<Answered<Fields>>;
    batchReceiveMessage(name: string, count: number, waitSeconds?: number): Promise<Answered<Fields[]>>;
    peekMessage(name: string): Promise<Answered<Fields>>;
    batchPeekMessage(name: string, count: number): Promise<Answered<Fields[]>>;
    deleteMessage(name: string, receiptHandle: string): Promise<Answered<undefined>>;
    batchDeleteMessage(name: string, receiptHandles: string[]): Promise<Answered<Fields[] | undefined>>;
    changeMessageVisibility(name: string, receiptHandle: string, seconds: number): Promise<Answered<Fields>>;
  }
}

/** Rejects with what the server said: `{ Error: { Code, … } }`. Answers without a body are their status. */
declare module 'ali-mns' {
  type Fields = Record<string, string>;

  export class Account {
    constructor(accountId: string, keyId: string, keySecret: string);
    /** Whether it tells Google about every call. */
    setGA(isOn: boolean): void;
  }
  export class Msg {
    constructor(text: string, priority?: number, delaySeconds?: number);
  }
  export class MNS {
    constructor(account: Account, region: string);
    createP(name: string, attributes?: Record<string, number>): Promise<number>;
    listP(prefix?: string): Promise<{ Queues: { Queue: Fields | Fields[] } }>;
    deleteP(name: string): Promise<number>;
  }
  /** Encodes as base64 what it sends, and takes what it receives for base64. */
  export class MQ {
    constructor(name: string, account: Account, region: string);
    getAttrsP(): Promise<{ Queue: Fields }>;
    setAttrsP(attributes: Record<string, number>): Promise<number>;
    sendP(text: string): Promise<{ Message: Fields }>;
    recvP(waitSeconds?: number): Promise<{ Message: Fields }>;
    peekP(): Promise<{ Message: Fields }>;
    deleteP(receiptHandle: string): Promise<number>;
    reserveP(receiptHandle: string, seconds: number): Promise<{ ChangeVisibility: Fields }>;
  }
  export class MQBatch {
    constructor(name: string, account: Account, region: string);
    sendP(messages: Msg[]): Promise<{ Messages: { Message: Fields[] } }>;
    recvP(waitSeconds: number, count: number): Promise<{ Messages: { Message: Fields[] } }>;
    peekP(count: number): Promise<{ Messages: { Message: Fields[] } }>;
    deleteP(receiptHandles: string[]): Promise<number>;
  }
}
