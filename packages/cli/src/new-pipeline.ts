import { makeFiles, refuse, template } from './new-files.ts';

/** `pipeline new pipeline NAME`: a file to start from, which runs and is tested as it is. */
export function newPipeline(name: string): void {
  const own = name.replace(/\.ya?ml$/, '');
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u.test(own)) {
    refuse(`${name}: the name of a pipeline begins with a letter or digit, and holds only those, ".", "_" and "-".`);
    return;
  }
  const file = `${own}.yaml`;
  if (!makeFiles('.', { [file]: template('pipeline.yaml', { 'my-name': own }) })) return;
  console.log(`Made ${file}. Next:\n  pipeline test ${file}\n  pipeline run ${file}`);
}
