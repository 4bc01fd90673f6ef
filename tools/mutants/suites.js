/** What decides over money and jobs, in parts that each load no more than their tests need. `stores` needs the servers. */
exports.parts = {
  domain: {
    mutate: ['libs/domain/src/**/*.ts'],
    specs: ['libs/domain/src'],
  },
  vod: {
    mutate: ['libs/vod/src/**/*.ts'],
    specs: ['libs/vod/src'],
  },
  stores: {
    mutate: [
      'libs/lifecycle/src/**/*.ts',
      'libs/persistence/src/door.ts',
      // They stop a process where a fault test says so.
      '!libs/lifecycle/src/failpoints.ts',
    ],
    specs: ['libs/lifecycle/src', 'libs/persistence/src/door', 'libs/persistence/src/event.matcher'],
  },
};
