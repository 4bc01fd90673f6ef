import { Controller, Get, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Gauge, type Registry } from 'prom-client';
import { codeOf, isError } from './errors';
import { withoutSecrets } from './redact';

export interface OperationsOptions {
  /** What has to work before this process can; a check throws or rejects when it doesn't. */
  checks: Record<string, () => Promise<unknown>>;
  registry: Registry;
}

/** Marks a controller or handler that needs no API key; a global guard has to honour it. */
export const Open = Reflector.createDecorator<true>();

/** A check that takes longer counts as failed: whoever asks (compose, a load balancer) gives up after a few seconds. */
const checkMs = 1_000;
const operationsOptions = Symbol('OperationsOptions');

interface Reply {
  status(code: number): unknown;
  header(name: string, value: string): unknown;
}

@Open(true)
@Controller()
class HealthController {
  @Get('healthz')
  healthz() {
    return { status: 'ok' };
  }
}

@Open(true)
@Controller()
class OperationsController {
  private readonly underWay = new Map<string, Promise<string>>();
  /** Held only to be kept: the registry asks it. */
  readonly storeUp: Gauge;

  constructor(@Inject(operationsOptions) private readonly options: OperationsOptions) {
    const askAll = () => this.askAll();
    // Asked whenever it is looked at: a gauge that is set by what happens to break and mend would be wrong for ever
    // after the first mending that nobody noticed.
    this.storeUp = new Gauge({
      name: 'vodai_store_up',
      help: '0 while a store does not answer.',
      labelNames: ['store'],
      registers: [options.registry],
      async collect() {
        for (const [store, answer] of Object.entries(await askAll())) this.set({ store }, answer === 'ok' ? 1 : 0);
      },
    });
  }

  @Get('readyz')
  async readyz(@Res({ passthrough: true }) reply: Reply) {
    const checks = await this.askAll();
    const ok = Object.values(checks).every((answer) => answer === 'ok');
    if (!ok) reply.status(503);
    return { status: ok ? 'ok' : 'unavailable', checks };
  }

  @Get('metrics')
  async metrics(@Res({ passthrough: true }) reply: Reply) {
    reply.header('content-type', this.options.registry.contentType);
    return this.options.registry.metrics();
  }

  private async askAll(): Promise<Record<string, string>> {
    const names = Object.keys(this.options.checks);
    const answers = await Promise.all(names.map((name) => this.answer(name)));
    return Object.fromEntries(names.map((name, i) => [name, answers[i] ?? 'failed']));
  }

  private answer(name: string): Promise<string> {
    return within(checkMs, this.check(name), `no answer within ${checkMs} ms`);
  }

  /** One at a time: /readyz is open to everybody, and a store that hangs must not collect our questions. */
  private check(name: string): Promise<string> {
    const running = this.underWay.get(name);
    if (running) return running;
    const check = runCheck(this.options.checks[name]).finally(() => this.underWay.delete(name));
    this.underWay.set(name, check);
    return check;
  }
}

async function runCheck(check: (() => Promise<unknown>) | undefined): Promise<string> {
  try {
    await check?.();
    return 'ok';
  } catch (error) {
    return reason(error);
  }
}

/** A code says enough (ECONNREFUSED) and nothing about hosts or users. */
function reason(error: unknown): string {
  const code = codeOf(error);
  if (code) return code;
  const message = isError(error) ? error.message : String(error);
  return withoutSecrets(message.split('\n')[0] ?? '').slice(0, 120) || 'failed';
}

async function within(ms: number, answer: Promise<string>, otherwise: string): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The HTTP faces that every process has. */
@Module({})
export class OperationsModule {
  /** GET /healthz, /readyz and /metrics. */
  static register(options: OperationsOptions): DynamicModule {
    return {
      module: OperationsModule,
      controllers: [HealthController, OperationsController],
      providers: [{ provide: operationsOptions, useValue: options }],
    };
  }

  /** GET /healthz alone, on a port whose other two are answered elsewhere. */
  static healthOnly(): DynamicModule {
    return { module: OperationsModule, controllers: [HealthController] };
  }
}
