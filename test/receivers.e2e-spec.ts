import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@app/testing';
import { keys, Stack } from './support/stack';

/** docs/deliveries.md shows receivers how to verify. What can be run here is run, and told by the product itself. */

const page = readFileSync(join(__dirname, '../docs/deliveries.md'), 'utf8');

/** The code that the page shows under a heading. */
function shown(language: string): string {
  const [, code] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(page) ?? [];
  if (code === undefined) throw new Error(`docs/deliveries.md shows nothing in ${language}`);
  return code;
}

interface Program {
  /** Whether this machine can run it. */
  canRun: () => boolean;
  command: string[];
  files: Record<string, string>;
}

const answers = (command: string, args: string[], what = /(?:)/) => {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 && what.test(stdout);
};

/** A server around it. It prints its port, and what becomes of each message; the secret is in a file beside it. */
const programs: Record<string, Program> = {
  Node: {
    canRun: () => true,
    command: [process.execPath, 'main.mjs'],
    files: {
      'verify.mjs': shown('js'),
      'main.mjs': `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { verify } from './verify.mjs';

const say = (what) => console.log(JSON.stringify(what));
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const message = verify(Buffer.concat(chunks), request.headers, readFileSync('secret', 'utf8'));
    say({ id: request.headers['webhook-id'], message });
    response.writeHead(204).end();
  } catch (error) {
    say({ refused: error.message });
    response.writeHead(401).end();
  }
});
server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
`,
    },
  },
  Python: {
    canRun: () => answers('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']),
    command: ['python3', 'main.py'],
    files: {
      'verify.py': shown('python'),
      'main.py': `
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from verify import verify

def say(what):
    print(json.dumps(what), flush=True)

class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            message = verify(body, self.headers, open("secret").read())
            say({"id": self.headers["webhook-id"], "message": message})
            self.send_response(204)
        except Exception as error:
            say({"refused": str(error)})
            self.send_response(401)
        self.end_headers()

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Receiver)
say({"port": server.server_port})
server.serve_forever()
`,
    },
  },
  Java: {
    canRun: () => answers('java', ['--list-modules'], /jdk\.compiler[^]*jdk\.httpserver/),
    command: ['java', 'Main.java'],
    files: {
      'Main.java': `
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.function.Function;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Main {
${shown('java')}
  static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  public static void main(String[] arguments) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/", exchange -> {
      byte[] body = exchange.getRequestBody().readAllBytes();
      int status = 204;
      try {
        verify(body, exchange.getRequestHeaders()::getFirst, Files.readString(Path.of("secret")));
        String id = exchange.getRequestHeaders().getFirst("webhook-id");
        say("{\\"id\\":\\"" + id + "\\",\\"message\\":" + new String(body) + "}");
      } catch (Exception error) {
        say("{\\"refused\\":\\"" + error.getClass() + "\\"}");
        status = 401;
      }
      exchange.sendResponseHeaders(status, -1);
      exchange.close();
    });
    server.start();
    say("{\\"port\\":" + server.getAddress().getPort() + "}");
  }
}
`,
    },
  },
};

const there = Object.keys(programs).filter((language) => programs[language]?.canRun());

interface Said {
  port?: number;
  id?: string;
  message?: { type: string; data: { job?: { id: string } } };
  refused?: string;
}

/** One that runs. */
class Receiver {
  readonly said: Said[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'vodai-receiver-'));
  private readonly child: ChildProcess;

  constructor(language: string) {
    const { command, files } = programs[language] as Program;
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text);
    this.child = spawn(command[0] ?? '', command.slice(1), { cwd: this.folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let rest = '';
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.said.push(...lines.map((line) => JSON.parse(line) as Said));
    });
  }

  async url(): Promise<string> {
    const { port } = await eventually('it listens', () => this.said[0]);
    return `http://127.0.0.1:${port}/vodai`;
  }

  knows(secret: string): void {
    writeFileSync(join(this.folder, 'secret'), secret);
  }

  until(what: string, look: (said: Said) => boolean): Promise<Said> {
    return eventually(what, () => this.said.find(look));
  }

  stop(): void {
    this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true });
  }
}

describe.each(there)('A receiver in %s, as the page shows it,', (language) => {
  let stack: Stack;
  let receiver: Receiver;
  let endpoint: { id: string; secret: string };
  beforeAll(async () => {
    stack = await Stack.start({ env: { DELIVERY_ALLOW: '127.0.0.0/8' } });
    receiver = new Receiver(language);
    const body = { url: await receiver.url(), events: ['job.succeeded', 'job.canceled'] };
    endpoint = (await stack.call('POST', '/v1/endpoints', { body })).body;
    receiver.knows(endpoint.secret);
  });
  afterAll(async () => {
    receiver?.stop();
    await stack?.stop();
  });

  const sendTest = async () => (await stack.call('POST', `/v1/endpoints/${endpoint.id}/test`)).body.id as string;
  const untilDelivered = (id: string) =>
    eventually('it is delivered', async () => {
      const { body } = await stack.get(`/v1/deliveries/${id}`, keys.operator);
      return body.state === 'delivered' ? body : null;
    });

  it('takes what the product tells', async () => {
    const id = await sendTest();
    const heard = await receiver.until('the test comes', (said) => said.id === id);
    expect(heard.message).toMatchObject({ type: 'endpoint.test', data: {} });
    expect((await untilDelivered(id)).tries).toMatchObject([{ outcome: 'delivered', status: 204 }]);

    const request = await stack.enqueue(`media-for-${language}`);
    const jobId = request.jobs[0].id;
    const told = await receiver.until('the job comes', ({ message }) => message?.data.job?.id === jobId);
    expect(told.message?.type).toBe('job.succeeded');
    const history = await eventually('the history says so', async () => {
      const { body } = await stack.get(`/v1/jobs/${jobId}/history`, keys.operator);
      return body.items.at(-1).deliveries?.[0].state === 'delivered' ? body.items : null;
    });
    expect(history.at(-1).deliveries).toMatchObject([{ id: told.id, endpoint: endpoint.id, attempts: 1 }]);
  });

  it('takes it by the old secret and by the new one, for the day of a rotation', async () => {
    const rotated = (await stack.call('POST', `/v1/endpoints/${endpoint.id}/rotate`)).body as typeof endpoint;
    await untilDelivered(await sendTest());
    receiver.knows(rotated.secret);
    await untilDelivered(await sendTest());
    endpoint = rotated;
  });

  it('refuses what somebody else sends, and what is old', async () => {
    const body = '{"type":"job.succeeded","timestamp":"2026-11-28T05:13:14.141Z","data":{}}';
    const now = Math.floor(Date.now() / 1000);
    const send = async (secret: string, { at = now, signs = body, version = 'v1' } = {}) => {
      const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
      const signature = createHmac('sha256', key).update(`id.${at}.${signs}`).digest('base64');
      const headers = {
        'webhook-id': 'id',
        'webhook-timestamp': String(at),
        'webhook-signature': `${version},${signature}`,
      };
      return (await fetch(await receiver.url(), { method: 'POST', headers, body })).status;
    };
    expect(await send(endpoint.secret)).toBe(204);
    expect(await send(`whsec_${Buffer.alloc(32).toString('base64')}`)).toBe(401);
    expect(await send(endpoint.secret, { signs: `${body} ` })).toBe(401);
    expect(await send(endpoint.secret, { at: now - 3_600 })).toBe(401);
    expect(await send(endpoint.secret, { at: now + 3_600 })).toBe(401);
    expect(await send(endpoint.secret, { version: 'v1a' })).toBe(401);
    expect((await fetch(await receiver.url(), { method: 'POST', body })).status).toBe(401);
  });
});
