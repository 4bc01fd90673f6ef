// For HEALTHCHECK: whether the process that is named lives. Only its own port is asked: containers that share a network reach each other's.
const { API_PORT, WEBHOOK_PORT, EMULATOR_PORT, WORKER_PORT } = process.env;
const ports = {
  api: API_PORT || 3000,
  webhook: WEBHOOK_PORT || 3001,
  emulator: EMULATOR_PORT || 3002,
  worker: WORKER_PORT || 3003,
};
const [name = ''] = process.argv.slice(2);
if (!Object.hasOwn(ports, name)) throw new Error(`expected one of ${Object.keys(ports).join(', ')}, got "${name}"`);
const lives = await fetch(`http://127.0.0.1:${ports[name]}/healthz`, { signal: AbortSignal.timeout(4_000) }).then(
  ({ ok }) => ok,
  () => false,
);
process.exitCode = lives ? 0 : 1;
