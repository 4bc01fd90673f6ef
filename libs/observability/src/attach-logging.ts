import type { Logger } from 'pino';
import { SAFE_EVICTION, type Signals } from './signals';

/**
 * One line per signal, named by it, with the same field names every time: jobId, requestId, mediaId, region, vodJobId,
 * state, attempt; `actor` or `client` is the name of the key with which a person did it. `requestId` is always our request's; VOD's id of a call is `vodRequestId`.
 */
export function attachLogging(signals: Signals, logger: Logger): void {
  signals.on('job.moved', ({ to, ...rest }) => logger.info({ ...rest, state: to }, 'job.moved'));
  signals.on('job.ignored', (payload) => logger.debug(payload, 'job.ignored'));
  signals.on('vod.called', ({ requestId, ...rest }) => {
    const smooth = rest.outcome === 'accepted' || rest.outcome === 'answered';
    logger[smooth ? 'debug' : 'warn']({ ...rest, vodRequestId: requestId }, 'vod.called');
  });
  signals.on('request.accepted', ({ newTypes, ...rest }) => {
    // A repeated one changed nothing.
    logger[rest.outcome === 'created' ? 'info' : 'debug']({ ...rest, newJobs: newTypes.length }, 'request.accepted');
  });
  signals.on('credentials.found', (payload) => logger.info(payload, 'credentials.found'));
  signals.on('credentials.missing', (payload) => {
    const effect = 'nothing can be submitted: jobs wait, none fails';
    const mend =
      'set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET and restart, or give this machine a RAM role';
    logger.error({ ...payload, effect, mend }, 'credentials.missing');
  });
  signals.on('event.received', (payload) => logger.info(payload, 'event.received'));
  signals.on('event.refused', (payload) => logger.warn(payload, 'event.refused'));
  signals.on('dispatch.handed', (payload) => logger.debug(payload, 'dispatch.handed'));
  signals.on('settled.without_event', (payload) => logger.info(payload, 'settled.without_event'));
  signals.on('queue.closed', ({ untilMs, ...rest }) => {
    logger.warn({ ...rest, until: new Date(untilMs).toISOString() }, 'queue.closed');
  });
  signals.on('circuit.opened', ({ requestId, ...rest }) => {
    logger.error({ ...rest, vodRequestId: requestId, effect: 'jobs wait, none fails' }, 'circuit.opened');
  });
  signals.on('circuit.closed', ({ openedAt, ...rest }) => {
    logger.warn({ ...rest, openedAt: openedAt.toISOString() }, 'circuit.closed');
  });
  signals.on('vod_job.unclaimed', (payload) => logger.error(payload, 'vod_job.unclaimed'));
  signals.on('recovery.decided', (payload) => {
    logger[payload.outcome === 'held' ? 'error' : 'info'](payload, 'recovery.decided');
  });
  signals.on('store.trouble', ({ store, error }) => logger.error({ store, err: error }, 'store.trouble'));
  signals.on('store.recovered', (payload) => logger.info(payload, 'store.recovered'));
  signals.on('store.eviction', ({ store, policy }) => {
    if (policy === SAFE_EVICTION) return logger.debug({ store, found: policy }, 'store.eviction');
    if (policy === null) {
      return logger.info({ store, expected: SAFE_EVICTION, effect: 'the policy could not be seen' }, 'store.eviction');
    }
    const effect = 'when its memory is full it drops queue entries, and their jobs wait until their alarms ring again';
    const mend = `CONFIG SET maxmemory-policy ${SAFE_EVICTION}, and the same in the configuration of the server`;
    logger.warn({ store, found: policy, expected: SAFE_EVICTION, effect, mend }, 'store.eviction');
  });
  signals.on('listener.failed', ({ signal, error }) => logger.error({ signal, err: error }, 'listener.failed'));
}
