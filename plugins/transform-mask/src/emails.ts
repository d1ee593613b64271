/** Bounded, and begun only where a word begins: a record of whatever characters is looked at once. `logo@2x.png` is none. */
const address =
  /(?<![\w.%+-])[\w.%+-]{1,64}@(?!\dx\.)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])/g;

export function maskEmails(text: string, replacement: string): string {
  return text.replace(address, () => replacement);
}
