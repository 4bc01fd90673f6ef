import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Redis } from 'ioredis';

/** A Redis of a test's own, to be killed, flushed and started again without anybody else noticing. */
export class RedisServer {
  private process: ChildProcess | null = null;

  private constructor(readonly port: number) {}

  static async onFreePort(): Promise<RedisServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return new RedisServer(port);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Empty, like a Redis without persistence after a crash. Resolves when it answers. */
  async start(...settings: string[]): Promise<void> {
    await this.startWith('--save', '', '--appendonly', 'no', ...settings);
  }

  /** A file of settings may come first. */
  async startWith(...args: string[]): Promise<void> {
    const [file, rest] = args[0]?.startsWith('--') === false ? [[args[0]], args.slice(1)] : [[], args];
    const address = ['--port', String(this.port), '--bind', '127.0.0.1'];
    this.process = spawn('redis-server', [...file, ...address, ...rest], { stdio: 'ignore' });
    await this.ask((client) => client.ping());
  }

  /** Without a word to its clients. */
  async kill(): Promise<void> {
    const process = this.process;
    this.process = null;
    if (!process || process.exitCode !== null) return;
    const exit = once(process, 'exit');
    process.kill('SIGKILL');
    await exit;
  }

  /** To freeze it, or to let it go on. */
  signal(signal: NodeJS.Signals): void {
    this.process?.kill(signal);
  }

  async ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis({
      port: this.port,
      host: '127.0.0.1',
      retryStrategy: () => 50,
      maxRetriesPerRequest: 200,
    });
    client.on('error', () => undefined);
    try {
      return await question(client);
    } finally {
      client.disconnect();
    }
  }
}

const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0;

/** A suite that kills its Redis needs the program, not only a URL. Skipped where there is none; in CI there is one. */
export const describeWithRedisServer: typeof describe =
  hasRedisServer || process.env['CI'] === 'true' ? describe : describe.skip;
