/**
 * What decides over money and jobs, each part with the tests that are about it: so a mutant that none of them notices is
 * tried by some dozens of tests rather than by a thousand. `servers` says whether they need a Postgres and a Redis.
 */
exports.parts = {
  domain: {
    mutate: ['libs/domain/src/**/*.ts'],
    specs: ['libs/domain/src'],
    servers: false,
  },
  vod: {
    mutate: ['libs/vod/src/**/*.ts'],
    specs: ['libs/vod/src'],
    servers: false,
  },
  conclude: {
    mutate: ['libs/lifecycle/src/recover/conclude.ts'],
    specs: ['libs/lifecycle/src/recover/conclude'],
    servers: false,
  },
  door: {
    mutate: ['libs/persistence/src/door.ts'],
    specs: ['libs/persistence/src/door', 'libs/persistence/src/job.store', 'libs/persistence/src/event.matcher'],
    servers: true,
  },
  claims: {
    mutate: ['libs/persistence/src/{claims,pace.store,transaction,alarm.store}.ts'],
    specs: [
      'libs/persistence/src/claims',
      'libs/persistence/src/pace.store',
      'libs/persistence/src/transaction',
      'libs/persistence/src/alarm.store',
      'libs/persistence/src/submission.store',
    ],
    servers: true,
  },
  entrances: {
    mutate: ['libs/lifecycle/src/{accept,operate,receive}.ts'],
    specs: ['libs/lifecycle/src/accept', 'libs/lifecycle/src/operate', 'libs/lifecycle/src/receive'],
    servers: true,
  },
  dispatch: {
    mutate: ['libs/lifecycle/src/{dispatch,match,hand-over,settle-all}.ts'],
    specs: ['libs/lifecycle/src/dispatch', 'libs/lifecycle/src/match', 'libs/lifecycle/src/hand-over'],
    servers: true,
  },
  submit: {
    mutate: ['libs/lifecycle/src/{submit,submission,call-vod,pacer}.ts'],
    specs: ['libs/lifecycle/src/submit', 'libs/lifecycle/src/pacer'],
    servers: true,
  },
  collect: {
    mutate: ['libs/lifecycle/src/collect.ts'],
    specs: ['libs/lifecycle/src/collect'],
    servers: true,
  },
  recover: {
    mutate: ['libs/lifecycle/src/recover/{look,recover,words}.ts'],
    specs: ['libs/lifecycle/src/recover/recover'],
    servers: true,
  },
};
