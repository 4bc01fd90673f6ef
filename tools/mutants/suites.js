/** What decides over money and jobs, in parts that each load no more than their tests need. */
exports.parts = {
  domain: {
    mutate: ['libs/domain/src/**/*.ts'],
    specs: ['libs/domain/src'],
  },
  vod: {
    mutate: ['libs/vod/src/**/*.ts'],
    specs: ['libs/vod/src'],
  },
  door: {
    mutate: ['libs/persistence/src/door.ts'],
    specs: ['libs/persistence/src/door', 'libs/persistence/src/job.store', 'libs/persistence/src/event.matcher'],
  },
  conclude: {
    mutate: ['libs/lifecycle/src/recover/conclude.ts'],
    specs: ['libs/lifecycle/src/recover/conclude'],
  },
  lifecycle: {
    mutate: [
      'libs/lifecycle/src/**/*.ts',
      '!libs/lifecycle/src/recover/conclude.ts',
      // They stop a process where a fault test says so.
      '!libs/lifecycle/src/failpoints.ts',
    ],
    specs: ['libs/lifecycle/src'],
  },
};
