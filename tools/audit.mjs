/**
 * `npm run audit`: known vulnerabilities of what runs in production, as the registry knows them. Fails for high and critical
 * ones. Where there is nobody to ask (offline, a mirror without this service) it says so and is content.
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '..'));
const away = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ERR_SOCKET_TIMEOUT', 'ENETUNREACH'];

const args = ['audit', '--omit=dev', '--package-lock-only', '--json', '--fetch-retries=0', '--fetch-timeout=30000'];
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const { stdout, stderr } = spawnSync(npm, args, {
  cwd: folder,
  encoding: 'utf8',
  shell: process.platform === 'win32',
  maxBuffer: 64 * 1024 * 1024,
});
const report = parsed(stdout);

if (report.auditReportVersion) judge(report.vulnerabilities);
else if (report.statusCode) console.log(`not scanned: the registry offers no scan (it answered ${report.statusCode})`);
else if (away.some((code) => `${stdout}${stderr}`.includes(code)))
  console.log('not scanned: the registry cannot be reached');
else {
  console.log(`npm audit failed:\n${stderr}${stdout}`);
  process.exitCode = 1;
}

function judge(vulnerabilities) {
  const grave = Object.values(vulnerabilities).filter(({ severity }) => ['high', 'critical'].includes(severity));
  for (const { name, severity, range, via } of grave) {
    const titles = via.map((one) => (typeof one === 'string' ? `by ${one}` : `${one.title} (${one.url})`));
    console.log(`${severity}: ${name} ${range}: ${titles.join('; ')}`);
  }
  const others = Object.keys(vulnerabilities).length - grave.length;
  console.log(`${grave.length} high or critical, ${others} lesser ones`);
  process.exitCode = grave.length > 0 ? 1 : 0;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
