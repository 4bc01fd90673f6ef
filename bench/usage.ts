import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel says about processes. Null on systems without /proc: the rows that need it are then left out. */
export interface Usage {
  cpuSeconds(pid: number): number;
  /** A server that gives each connection a process of its own: all of them, those that are gone included. */
  cpuSecondsWithChildren(pid: number): number;
  /** Of all processes, interrupts and what the hypervisor kept for others. */
  machineCpuSeconds(): number;
  memory(pid: number): { rssMb: number; peakMb: number };
}

export function openUsage(): Usage | null {
  let ticks: number;
  try {
    ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
    readFileSync('/proc/self/stat');
  } catch {
    return null;
  }
  return {
    cpuSeconds: (pid) => {
      const { own } = stat(pid);
      return own / ticks;
    },
    cpuSecondsWithChildren: (pid) => {
      const parent = stat(pid);
      const children = childrenOf(pid).reduce((sum, child) => sum + child.own, 0);
      return (parent.own + parent.reaped + children) / ticks;
    },
    machineCpuSeconds: () => {
      // The first line sums up all cores: user nice system idle iowait irq softirq steal, see proc_stat(5).
      const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
      const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
        .split(/\s+/)
        .slice(1)
        .map(Number);
      return (user + nice + system + irq + softirq + steal) / ticks;
    },
    memory: (pid) => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
      return { rssMb: field('VmRSS'), peakMb: field('VmHWM') };
    },
  };
}

interface Stat {
  parent: number;
  /** User and system time in ticks. */
  own: number;
  /** The same of children that have ended. */
  reaped: number;
}

/** The name in brackets may hold blanks, so counting begins behind it: see proc_pid_stat(5). */
function stat(pid: number): Stat {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return { parent: field(4), own: field(14) + field(15), reaped: field(16) + field(17) };
}

function childrenOf(parent: number): Stat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [stat(Number(name))];
      } catch {
        return []; // it ended while we looked
      }
    })
    .filter((one) => one.parent === parent);
}
