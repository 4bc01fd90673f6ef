import { apiRoles, type ApiRole } from '@app/config';
import type { Signals } from '@app/observability';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, tooMany, type ProblemFilter } from '../problems';
import { networkOf } from './address';
import type { ApiKeys, Caller, Presented } from './api-keys';
import { LateAnswers } from './late-answers';
import { TokenBuckets } from './token-bucket';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the entrance; nobody else lets anybody in. */
    caller?: Caller;
  }
  interface FastifyContextConfig {
    /** The role that a route needs; without it a viewer may. */
    needs?: ApiRole;
  }
}

/**
 * Calls without a known key that are told so. A script with an old key is told for as long as somebody needs to see it; three
 * thousand guesses in a row are mostly told to slow down. Some 2 MB of addresses at most.
 */
const WRONG_KEYS = { atOnce: 100, perSecond: 1 };
const ADDRESSES = 10_000;

export interface EntranceOptions {
  keys: ApiKeys;
  /** Of a local instance: who sends the cookie of a session. */
  inSession: (request: FastifyRequest) => Caller | null;
  /** Requests a second of each key. */
  rate: number;
  signals: Pick<Signals, 'emit'>;
  problems: Pick<ProblemFilter, 'answer'>;
}

/** Where it is decided who may come in and how often, before anything of a body is read. */
export class Entrance {
  private readonly wrongKeys = new TokenBuckets(WRONG_KEYS, ADDRESSES);
  private readonly lateAnswers = new LateAnswers();
  private readonly requests: TokenBuckets;
  private readonly policy: string;

  constructor(private readonly options: EntranceOptions) {
    const { rate } = options;
    this.requests = new TokenBuckets({ atOnce: rate, perSecond: rate }, Infinity); // as many as there are keys
    this.policy = `"key";q=${rate};w=1`;
  }

  /** A Nest guard would come after the body: a megabyte of JSON costs a stranger nothing and us a tenth of a second. */
  stand(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      try {
        this.admit(request, reply);
      } catch (error) {
        const answer = () => this.options.problems.answer(error, request, reply);
        if (error instanceof Throttled) return this.lateAnswers.give(reply.raw, answer); // guard: strangers-wait
        return answer();
      }
      done();
    });
  }

  private admit(request: FastifyRequest, reply: FastifyReply): void {
    const { url = '', config } = request.routeOptions;
    // Nobody needs a body at a place that is not there.
    if (request.is404 && mayHaveBody(request)) throw new Problem('not_found', 'there is nothing at this path');
    if (!url.startsWith('/v1/')) return; // pages, files, probes; the AuthGuard stands behind whatever else there is
    const caller = this.callerOf(request);
    this.count(caller, reply);
    // guard: role-needed
    if (apiRoles.indexOf(caller.role) < apiRoles.indexOf(config.needs ?? 'viewer')) {
      const needed = config.needs ?? 'viewer';
      throw new Problem('forbidden', `this needs the role ${needed}; the key "${caller.name}" is a ${caller.role}`);
    }
    request.caller = caller;
  }

  /**
   * A known key is let in wherever it comes from: behind one address there may be a whole office, and a stranger among them must
   * not lock the others out. It is no help to whoever guesses, as no number of guesses finds a random key.
   */
  private callerOf(request: FastifyRequest): Caller {
    const inSession = this.options.inSession(request);
    if (inSession) return inSession;
    const presented = this.options.keys.presentedBy(request.headers.authorization);
    if ('caller' in presented) return presented.caller;
    throw this.refusal(request, presented.refused);
  }

  private refusal(request: FastifyRequest, reason: Extract<Presented, { refused: unknown }>['refused']): Problem {
    const address = networkOf(request.ip) ?? networkOf(request.socket.remoteAddress) ?? 'unknown';
    const { taken, waitMs } = this.wrongKeys.take(address, performance.now()); // guard: wrong-keys-throttled
    const { method, routeOptions } = request;
    this.options.signals.emit('key.refused', {
      reason,
      address,
      method,
      route: routeOptions.url ?? 'none',
      throttled: !taken,
    });
    if (!taken) {
      return new Throttled(Math.ceil(waitMs / 1000));
    }
    return reason === 'unknown'
      ? new Problem('unauthorized', 'this API key is not known')
      : new Problem('unauthorized', EXPECTED_KEY);
  }

  /** As https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/11/ has it. */
  private count({ name }: Caller, reply: FastifyReply): void {
    const { taken, left } = this.requests.take(name, performance.now());
    void reply.headers({ 'ratelimit-policy': this.policy, ratelimit: `"key";r=${left};t=1` });
    if (taken) return; // guard: rate-per-key
    this.options.signals.emit('caller.limited', { client: name, limit: 'rate' });
    throw tooMany(`this key makes more than ${this.options.rate} requests a second`, 1);
  }
}

/** Of a stranger, who need not be told soon. */
class Throttled extends Problem {
  constructor(retryAfterS: number) {
    super('too_many_requests', 'too many calls without a known API key came from this address', {}, retryAfterS);
  }
}

export const EXPECTED_KEY = 'expected the header "Authorization: Bearer <API key>"';

/** Fastify parses no other's. */
function mayHaveBody({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD';
}
