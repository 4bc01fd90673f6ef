export default async function tearDown(): Promise<void> {
  await (globalThis as unknown as { stopTestServers?: () => Promise<void> }).stopTestServers?.();
}
