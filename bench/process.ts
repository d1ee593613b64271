import { spawn } from 'node:child_process';

export interface Figures {
  /** User and system CPU seconds of the process and its children. */
  readonly cpu: number;
  readonly wall: number;
  /** Peak resident memory, 10^6 bytes. */
  readonly memory: number;
}

/** Runs a command to its end under GNU time. @throws with what it printed when it fails */
export async function measure(command: string, args: readonly string[]): Promise<Figures> {
  const marker = 'FIGURES';
  const child = spawn('time', ['-f', `${marker} %U %S %e %M`, command, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [, user, system, wall, kilobytes] = new RegExp(`${marker} (\\S+) (\\S+) (\\S+) (\\d+)`).exec(stderr) ?? [];
  if (code !== 0 || user === undefined) throw new Error(`${command} ended with ${code}:\n${stderr}`);
  return { cpu: Number(user) + Number(system), wall: Number(wall), memory: (Number(kilobytes) * 1024) / 1e6 };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
