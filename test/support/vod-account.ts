import { loadConfig } from '@app/config';
import { VodClient, type CallbackSettings, type CallbackTarget } from '@app/vod';
import { Emulator, unlimited, type EmulatorOptions } from '@app/vod-emulator';
import type { Finding } from '../../apps/vod/src/doctor/finding';
import { run } from '../../apps/vod/src/run';
import type { Voice } from '../../apps/vod/src/terminal';

export const accountSecrets = {
  accessKeyId: 'LTAIaccountcanary',
  accessKeySecret: 'account-secret-canary',
  callbackKey: 'NewKeyCanary2',
  oldCallbackKey: 'OldKeyCanary1',
  foreignCallbackKey: 'ForeignKeyCanary3',
};

function secretNamed(name: string): string {
  return accountSecrets[name as keyof typeof accountSecrets];
}

/** A person at a terminal, or nobody, and all that was said to them. */
export class Listener implements Voice {
  readonly said: string[] = [];
  readonly noted: string[] = [];
  readonly asked: string[] = [];
  readonly ask: Voice['ask'];

  /** @param answer to every question; null: nobody is there */
  constructor(answer: boolean | null = null) {
    this.ask =
      answer === null
        ? null
        : async (question) => {
            this.asked.push(question);
            return answer;
          };
  }

  say(line: string): void {
    this.said.push(line);
  }

  note(text: string): void {
    this.noted.push(text);
  }

  get all(): string {
    return [...this.said, ...this.noted, ...this.asked].join('\n');
  }
}

/** An account of the emulator's VOD, and the commands that are about one, in this process. */
export class VodAccount {
  readonly listeners: Listener[] = [];
  private readonly vod: VodClient;

  private constructor(
    readonly emulator: Emulator,
    /** Of the emulator. */
    readonly url: string,
    readonly env: Record<string, string>,
  ) {
    this.vod = this.client();
  }

  /** For the caller to close. */
  client(): VodClient {
    const { endpoint, timeoutMs, credentials } = loadConfig(this.env, 'vod').vod;
    return new VodClient({ endpoint, timeoutMs, credentials });
  }

  /** @param env over what every command gets: access key, one URL for each region, two callback keys */
  static async start(env: Record<string, string> = {}, options: Partial<EmulatorOptions> = {}): Promise<VodAccount> {
    const { accessKeyId, accessKeySecret, callbackKey, oldCallbackKey } = accountSecrets;
    const emulator = new Emulator({
      accessKeys: [{ id: accessKeyId, secret: accessKeySecret }],
      jobTimeMs: { min: 0, max: 0 },
      qps: unlimited,
      ...options,
    });
    const { url } = await emulator.listen({ host: '127.0.0.1', port: 0 });
    return new VodAccount(emulator, url, {
      VOD_ENDPOINT: `${url}/{region}`,
      ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
      VOD_CALLBACK_URL: 'https://vodai.example/vod/{region}',
      VOD_CALLBACK_KEYS: `${callbackKey},${oldCallbackKey}`,
      ...env,
    });
  }

  /** Runs a command, which waits for nothing. Leaving a variable out is giving it an empty value. */
  async run(
    args: string[],
    { env = {}, answer = null }: { env?: Record<string, string>; answer?: boolean | null } = {},
  ): Promise<{ code: number; heard: Listener }> {
    const heard = new Listener(answer);
    this.listeners.push(heard);
    const code = await run(args, { ...this.env, ...env }, heard, { wait: async () => {}, now: Date.now });
    return { code, heard };
  }

  /** What the doctor finds, by region and check. */
  async examine(args: string[] = [], env: Record<string, string> = {}): Promise<Map<string, Finding>> {
    const { heard } = await this.run(['doctor', '--json', ...args], { env });
    const { findings } = JSON.parse(heard.said.join('\n')) as { findings: Finding[] };
    return new Map(findings.map((each) => [[each.region, each.check].filter(Boolean).join(' '), each]));
  }

  set(target: CallbackTarget, eventTypes: string[], region = 'cn-shanghai', appId = 'app-1000000'): Promise<unknown> {
    return this.vod.setCallback(region, appId, target, eventTypes);
  }

  async settings(region = 'cn-shanghai', appId = 'app-1000000'): Promise<CallbackSettings> {
    const answer = await this.vod.callbackSettings(region, appId);
    if (answer.outcome !== 'answered') throw new Error(`VOD did not answer: ${JSON.stringify(answer)}`);
    return answer.value;
  }

  /** For `afterEach`: whatever was said, none of the keys was in it. */
  assertKeptSecrets(): void {
    const said = this.listeners.map(({ all }) => all).join('\n');
    const told = Object.keys(accountSecrets).filter((name) => said.includes(secretNamed(name)));
    if (told.length > 0) throw new Error(`a command has told ${told.join(', ')}`);
  }

  async close(): Promise<void> {
    this.vod.close();
    await this.emulator.close();
  }
}
