import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from '@app/testing';
import { Fixture } from '../test/fixture';
import { channels, Listener } from './index';

describe('Listening', () => {
  let fixture: Fixture;
  const closes: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    fixture = await Fixture.open();
  });
  afterEach(async () => {
    for (const close of closes.splice(0).toReversed()) await close();
  });
  afterAll(() => fixture.close());

  /** A listener on all channels that writes down what it hears and what happens to it. */
  function listening(url = fixture.url) {
    const heard: [string, string][] = [];
    const told: string[] = [];
    const listener = new Listener({
      url,
      application: 'vodai-test-listen',
      handlers: Object.fromEntries(
        Object.values(channels).map((channel) => [channel, (payload: string) => void heard.push([channel, payload])]),
      ),
      onTrouble: () => told.push('trouble'),
      onRecovered: () => told.push('recovered'),
    });
    closes.push(() => listener.stop());
    return { listener, heard, told };
  }

  const backends = async () => {
    const rows = await fixture.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'vodai-test-listen' and datname = current_database()`,
    );
    return rows.map(({ pid }) => pid);
  };
  const cut = async () => {
    for (const pid of await backends()) await fixture.query('select pg_terminate_backend($1)', [pid]);
  };

  it('hears what makes somebody act, and nothing else', async () => {
    const { listener, heard } = listening();
    await listener.start();
    const job = await fixture.jobIn('processing'); // accepted, claimed, marked as sent, taken by VOD
    await fixture.events().store(fixture.notice({ vodJobId: job.vodJobId ?? '' }));
    await fixture.matcher().match(10, { rematch: false });
    const failed = { code: 'X', message: '', completedAt: null };
    await fixture.jobs().apply(job.id, { type: 'read_failed', vodJobId: job.vodJobId ?? '', ...failed });
    await fixture.query(`select pg_notify($1, 'the end')`, [channels.event]);
    await eventually('it heard the end', () => heard.some(([, payload]) => payload === 'the end'));
    expect(heard.map(([channel]) => channel)).toEqual([
      channels.jobDue,
      channels.jobChanged, // accepted
      channels.jobChanged, // claimed; that it is about to be sent is no change
      channels.jobChanged, // taken by VOD
      channels.event,
      channels.jobChanged,
      channels.jobDue, // finished, to be read
      channels.jobChanged, // failed
      channels.event,
    ]);
  });

  it('comes back when its connection is cut, and wakes everybody once, because something may have been missed', async () => {
    const { listener, heard, told } = listening();
    await listener.start();
    await cut();
    await eventually('it is back', () => told.includes('recovered'));
    expect(told).toEqual(['trouble', 'recovered']);
    expect(heard).toEqual(Object.values(channels).map((channel) => [channel, '']));

    await fixture.query(`select pg_notify($1, 'again')`, [channels.jobChanged]);
    await eventually('it hears again', () => heard.some(([, payload]) => payload === 'again'));
    expect(heard).toHaveLength(Object.values(channels).length + 1);
    expect(await backends()).toHaveLength(1);
  });

  it('keeps one connection, though it is cut again before it listens', async () => {
    const proxy = await Proxy.start(fixture.url);
    closes.push(() => proxy.stop());
    const { listener, heard, told } = listening(proxy.url);
    await listener.start();
    proxy.cutsAtListen = 2;
    await cut();
    await eventually('it is back', () => told.includes('recovered'));
    expect(proxy.cutsAtListen).toBe(0);

    // Whoever tried twice would be back twice, and hear everything twice.
    await fixture.query(`select pg_notify($1, 'once')`, [channels.event]);
    await eventually('it hears', () => heard.some(([, payload]) => payload === 'once'));
    expect(told).toEqual(['trouble', 'recovered']);
    expect(await backends()).toHaveLength(1);
    expect(proxy.seen).toBe(4);
  });

  it('leaves no connection behind when it is stopped while it comes back', async () => {
    const proxy = await Proxy.start(fixture.url);
    closes.push(() => proxy.stop());
    const { listener, told } = listening(proxy.url);
    await listener.start();
    proxy.holdsAtListen = true;
    await cut();
    await eventually('it has connected and is about to listen', () => proxy.held > 0);
    await listener.stop();
    await eventually('its connection is gone', async () => (await backends()).length === 0);
    expect(told).toEqual(['trouble']);
  });

  it('says at its start when there is no server', async () => {
    const proxy = await Proxy.start(fixture.url);
    await proxy.stop();
    await expect(listening(proxy.url).listener.start()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

/** Stands between a listener and Postgres, to break the connection at the moment that a test is about. */
class Proxy {
  /** Cuts this many connections when they say LISTEN. */
  cutsAtListen = 0;
  /** Keeps every LISTEN to itself, as a server that does not answer. */
  holdsAtListen = false;
  held = 0;
  seen = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly port: number,
    private readonly target: URL,
  ) {
    server.on('connection', (client) => this.serve(client));
  }

  static async start(target: string): Promise<Proxy> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new Proxy(server, (server.address() as AddressInfo).port, new URL(target));
  }

  get url(): string {
    const url = new URL(this.target);
    url.port = String(this.port);
    return url.href;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }

  private serve(client: Socket): void {
    this.seen += 1;
    const postgres = connect(Number(this.target.port), this.target.hostname);
    for (const [socket, other] of [
      [client, postgres],
      [postgres, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
    }
    postgres.pipe(client);
    client.on('data', (chunk) => {
      const listens = chunk.includes('listen "');
      if (listens && this.cutsAtListen > 0) {
        this.cutsAtListen -= 1;
        client.destroy();
      } else if (listens && this.holdsAtListen) {
        this.held += 1;
      } else {
        postgres.write(chunk);
      }
    });
  }
}
