// Stryker's runners are jest processes that each take themselves for the first: each gets Redis databases of its own.
process.env.JEST_WORKER_ID = String(Number(process.env.STRYKER_MUTATOR_WORKER ?? 0) + 1);
