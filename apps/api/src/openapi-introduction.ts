import { jobTypes, typeNames } from '@app/domain';

const types = jobTypes.map((type) => `${typeNames[type].toLowerCase()} (\`${type}\`)`).join(', ');

/** What no single call can tell. */
export const introduction = `
Enqueue AI jobs of ApsaraVideo VOD, and see what became of them: ${types}.

### Keys

Each call but the open ones carries \`Authorization: Bearer <API key>\`. A \`viewer\` looks, an \`operator\` also submits and acts, an
\`admin\` may all. Without a key, or with one that is not known, the answer is 401; with too small a role 403.

### How much is allowed

A key may make a number of requests a second, and have a number of streams and waits open. \`RateLimit-Policy: "key";q=2500;w=1\` says how
many requests, \`RateLimit: "key";r=2499;t=1\` how many are left of them. What is more is answered with 429, and nothing was done: make
the same call again when \`Retry-After\` has passed.

### Submitting without paying twice

\`POST /v1/jobs\` answers 202 with a request and a job for each type. Send an \`Idempotency-Key\` of your own: the same key and body
answer with the same request (200, \`Idempotent-Replay: true\`), however often and whenever they come; the same key with another body
is 422. So after a time-out or a 503, send the same again. Without a key, a job that is still open for the same media, type and
config is not doubled (\`deduplicated: true\`), unless the body says \`force\`.

### Waiting

\`GET /v1/jobs/{id}?wait=30s\` answers when the job is over, or after the wait (at most 60s) with its present state: ask again until
its state is \`succeeded\`, \`failed\`, \`canceled\` or \`expired\`. A \`held\` job waits for a person. To follow many jobs, read
\`GET /v1/stream\`: it continues after a break from \`Last-Event-ID\`, without a gap.

### Being told

\`POST /v1/endpoints\` has a URL of yours called when a job of yours is over, or held: a \`POST\` that is signed by
[Standard Webhooks](https://www.standardwebhooks.com) with the secret of the endpoint, tried again for three days until it is answered with 2xx.
The same message may come more than once, under the same \`webhook-id\`.

### Lists

Newest first, \`limit\` at a time (1 to 200, default 50). \`nextCursor\` of an answer is the \`cursor\` of the next page, and null on
the last one; what is added meanwhile shifts nothing. The history of a job alone is oldest first. A filter that may be given several times is repeated: \`state=failed&state=held\`.

### Errors

\`application/problem+json\` (RFC 9457). Go by \`code\`: it is stable. \`detail\` is for people, \`errors\` names what is wrong in the
input, \`states\` those in which an action works. What is not known here, a field or a query parameter, is refused rather than
ignored. After a 503, try again when \`Retry-After\` has passed.

Every answer has \`Request-Id\`, and every problem \`requestId\`: yours, when you send that header, or one that is made. The log of
the api names it: say it when you report something.

Times are ISO 8601 in UTC. Ids of ours are UUIDs; those of VOD are opaque.
`.trim();

export const tags = {
  jobs: 'Submit, look up, list and export',
  actions: 'What people do to jobs. Each is a line in the history, with name and reason',
  deliveries: 'Endpoints that are told of jobs, and what they were told',
  inspection: 'What stands where, what was received, and what changes',
  session: 'Whose key this is',
  Operations: 'Of this process',
};
