import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './agent.ts';

/** A file of the repository. */
export function read(file: string): string {
  return readFileSync(join(repository, file), 'utf8');
}

/** The blocks of a document that are in this language. */
export function blocks(file: string, language: string): string[] {
  return [...read(file).matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]!);
}

/** A text whose columns are two spaces apart: how wide they are depends on what is in them. */
export function columns(text: string): string {
  return text.replaceAll(/ {2,}/g, '  ');
}
