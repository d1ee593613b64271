import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipelineFile } from './agent.ts';
import { blocks } from './document.ts';

const file = 'packages/cli/README.md';

/** The pipeline of the README, in a folder of its own. Returns its path. */
export function shop(folder: string): string {
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'agent.ini'), blocks(file, 'ini')[0]!);
  return pipelineFile(folder, blocks(file, 'yaml')[0]!, 'shop.yaml');
}

/** A command as the README shows it, and what it prints there, in this folder. */
export function shown(command: string, folder: string): { args: string[]; output: string } {
  const found = blocks(file, 'text').filter((block) => block.startsWith(`$ pipeline ${command} shop.yaml`));
  if (found.length !== 1) throw new Error(`the README shows \`pipeline ${command}\` ${found.length} times`);
  const [line = '', ...output] = found[0]!.replaceAll('/srv/shop', folder).split('\n');
  return { args: line.replace('shop.yaml', join(folder, 'shop.yaml')).split(' ').slice(2), output: output.join('\n') };
}
