import { ConfigError, loadConfig } from '@app/config';
import { Emulator } from '@app/vod-emulator';

async function main(): Promise<void> {
  const { host, ports, vod, emulator: timing } = loadConfig(process.env, 'emulator');
  const { accessKeyId, accessKeySecret, securityToken } = vod.credentials;
  const [key] = vod.callback.keys;
  const emulator = new Emulator({
    accessKeys: [{ id: accessKeyId, secret: accessKeySecret, ...(securityToken && { securityToken }) }],
    regions: [...vod.regions],
    // While keys are rotated several verify; VOD itself signs with one.
    ...(vod.callback.url && { callback: { url: vod.callback.url, ...(key && { key }) } }),
    jobTimeMs: { min: timing.jobTimeMs.minMs, max: timing.jobTimeMs.maxMs },
  });

  const { url } = await emulator.listen({ host, port: ports.emulator });
  process.stdout.write(`VOD emulator on ${url} (control: ${url}/_emulator)\n`);

  const stop = () => void emulator.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { code, port } = error as { code?: string; port?: number };
  if (code === 'EADDRINUSE') return `port ${port} is in use; set EMULATOR_PORT to another one (0 picks a free one)`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
