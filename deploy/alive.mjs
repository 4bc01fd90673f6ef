// For HEALTHCHECK: whether the process of this container lives. There is one in each, and it listens on one of these.
const { API_PORT, WEBHOOK_PORT, EMULATOR_PORT, WORKER_PORT } = process.env;
const ports = [API_PORT || 3000, WEBHOOK_PORT || 3001, EMULATOR_PORT || 3002, WORKER_PORT || 3003];
const signal = AbortSignal.timeout(4_000);
const lives = ports.map(async (port) => {
  const { ok } = await fetch(`http://127.0.0.1:${port}/healthz`, { signal });
  if (!ok) throw new Error(`${port} is not well`);
});
await Promise.any(lives).catch(() => (process.exitCode = 1));
