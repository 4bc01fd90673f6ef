import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import type { CallbackAttempt } from './callbacks';
import { refuse } from './control-answers';
import type { FaultJournal } from './fault-plan';
import { type EndState, JOB_STATES } from './jobs';
import { type MediaControls, mediaRoutes } from './media-control';
import { type PublicSettings, type SettingsPatch, settingsPatch } from './settings';
import type { JobView, Ledger, Overview } from './views';

// Unsigned, for people and tests on the same machine. Nothing here answers with a key or a secret.

const limit = z.coerce.number().int().min(1).max(100_000).default(100);
const jobsQuery = z.strictObject({ mediaId: z.string().optional(), state: z.enum(JOB_STATES).optional(), limit });
const ledgerQuery = z.strictObject({ limit });
const faultsQuery = z.strictObject({ limit });
const callbacksQuery = z.strictObject({ jobId: z.string().optional(), mediaId: z.string().optional(), limit });
const finishBody = z.strictObject({ status: z.enum(['success', 'fail']).optional() });

export type JobFilter = Partial<z.infer<typeof jobsQuery>>;
export type CallbackFilter = Partial<z.infer<typeof callbacksQuery>>;
export type FinishOutcome = { outcome: 'finished' | 'already_over'; job: JobView } | { outcome: 'unknown_job' };
export type CallbackOutcome = 'sent' | 'not_over' | 'no_url' | 'unknown_job';

interface Controls extends MediaControls {
  overview(): Overview;
  jobs(filter: JobFilter): JobView[];
  ledger(limit: number): Ledger;
  callbacks(filter: CallbackFilter): CallbackAttempt[];
  faults(limit: number): FaultJournal;
  configure(patch: SettingsPatch): PublicSettings;
  finish(jobId: string, state?: EndState): FinishOutcome;
  sendCallback(jobId: string): CallbackOutcome;
  reset(): void;
}

interface JobParams {
  Params: { id: string };
}

export function controlRoutes(emulator: Controls): FastifyPluginAsync {
  return async (app) => {
    await app.register(mediaRoutes(emulator));

    app.get('/', async () => emulator.overview());

    app.get('/jobs', async (request, reply) => {
      const query = jobsQuery.safeParse(request.query);
      return query.success ? { items: emulator.jobs(query.data) } : refuse(reply, query.error, jobsQuery);
    });

    app.get('/ledger', async (request, reply) => {
      const query = ledgerQuery.safeParse(request.query);
      return query.success ? emulator.ledger(query.data.limit) : refuse(reply, query.error, ledgerQuery);
    });

    app.get('/callbacks', async (request, reply) => {
      const query = callbacksQuery.safeParse(request.query);
      return query.success ? { items: emulator.callbacks(query.data) } : refuse(reply, query.error, callbacksQuery);
    });

    app.get('/faults', async (request, reply) => {
      const query = faultsQuery.safeParse(request.query);
      return query.success ? emulator.faults(query.data.limit) : refuse(reply, query.error, faultsQuery);
    });

    app.put('/settings', async (request, reply) => {
      const patch = settingsPatch.safeParse(request.body);
      return patch.success ? emulator.configure(patch.data) : refuse(reply, patch.error, settingsPatch);
    });

    app.post<JobParams>('/jobs/:id/finish', async (request, reply) => {
      const body = finishBody.safeParse(request.body ?? {});
      if (!body.success) return refuse(reply, body.error, finishBody);
      const finished = emulator.finish(request.params.id, body.data.status);
      switch (finished.outcome) {
        case 'finished':
          return finished.job;
        case 'already_over':
          return reply.code(409).send({ code: 'already_over', message: `The job is over: ${finished.job.state}.` });
        case 'unknown_job':
          return reply.code(404).send({ code: 'not_found', message: 'No such job.' });
      }
    });

    app.post<JobParams>('/jobs/:id/callback', async (request, reply) => {
      switch (emulator.sendCallback(request.params.id)) {
        case 'sent':
          return reply.code(202).send({ sent: true });
        case 'not_over':
          return reply.code(409).send({ code: 'not_over', message: 'The job is not over, so it has no event yet.' });
        case 'no_url':
          return reply.code(409).send({ code: 'no_url', message: 'Nobody is set to hear it: no URL and no queue.' });
        case 'unknown_job':
          return reply.code(404).send({ code: 'not_found', message: 'No such job.' });
      }
    });

    app.post('/reset', async () => {
      emulator.reset();
      return emulator.overview();
    });
  };
}

/** What every process of ours has. The emulator depends on nothing, so being alive is being ready. */
export function processRoutes(emulator: Controls): FastifyPluginAsync {
  return async (app) => {
    app.get('/healthz', async () => ({ status: 'ok' }));
    app.get('/readyz', async () => ({ status: 'ok', checks: {} }));
    app.get('/metrics', async (_request, reply) =>
      reply.type('text/plain; version=0.0.4').send(metricsText(emulator.overview())),
    );
  };
}

function metricsText({ billed, calls, callbacks }: Overview): string {
  const callLines = Object.entries(calls).flatMap(([operation, counts]) =>
    Object.entries(counts).map(
      ([outcome, count]) => `vod_emulator_calls_total{operation="${operation}",outcome="${outcome}"} ${count}`,
    ),
  );
  return [
    '# HELP vod_emulator_calls_total Calls by operation and outcome.',
    '# TYPE vod_emulator_calls_total counter',
    ...callLines,
    '# HELP vod_emulator_billed_total Jobs that would have been billed.',
    '# TYPE vod_emulator_billed_total counter',
    `vod_emulator_billed_total ${billed}`,
    '# HELP vod_emulator_callback_attempts_total Tries to deliver an event.',
    '# TYPE vod_emulator_callback_attempts_total counter',
    `vod_emulator_callback_attempts_total ${callbacks.attempts}`,
    '',
  ].join('\n');
}
