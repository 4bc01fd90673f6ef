import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Between the queues and Redis. Its connections can fall silent, as after a failover: they stay open, and nothing comes back. */
export class Way {
  private readonly silent = new Set<Socket>();
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async to(port: number): Promise<Way> {
    const way = new Way(
      createServer((near) => {
        const far = connect(port, '127.0.0.1');
        near.pipe(far);
        far.on('data', (chunk) => way.silent.has(near) || near.write(chunk));
        for (const [one, other] of [
          [near, far],
          [far, near],
        ] as const) {
          way.sockets.add(one);
          one.on('error', () => other.destroy()).on('close', () => other.destroy());
        }
      }),
    );
    await new Promise<void>((resolve) => way.server.listen(0, '127.0.0.1', resolve));
    return way;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Those that are there; new ones are as they should be. */
  fallSilent(): void {
    for (const socket of this.sockets) this.silent.add(socket);
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
