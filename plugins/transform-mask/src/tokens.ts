/** Tokens that show by their form whose they are. */
const known = [
  'eyJ[\\w-]{8,}\\.eyJ[\\w-]{8,}\\.[\\w-]*', // JSON Web Token
  '(?:AKIA|ASIA)[0-9A-Z]{16}', // AWS
  'gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\\w{40,255}', // GitHub
  'glpat-[\\w-]{20,255}', // GitLab
  'xox[abeoprs]-[A-Za-z0-9-]{10,255}', // Slack
  'AIza[\\w-]{35}', // Google
  '[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}', // Stripe
  'npm_[A-Za-z0-9]{36}', // npm
].join('|');

const names =
  '(?:pass(?:word|wd|phrase)?|pwd|secret|(?:access|refresh|auth|id|session|api|bearer)?[_-]?token|(?:api|access|private|secret)[_-]?key)';

// What stands before a secret is looked at backwards, from where the secret would begin: most places are none at a glance.

/** `"password": "..."`, also where the line ends within the value. */
const quoted = new RegExp(`(?<=(?<!\\\\)"(?:\\w{1,40}[_-])?${names}"\\s{0,4}:\\s{0,4}")(?:[^"\\\\]|\\\\.)+`, 'gi');
/** The same in JSON that is a text in JSON. */
const escaped = new RegExp(
  `(?<=\\\\"(?:\\w{1,40}[_-])?${names}\\\\"\\s{0,4}:\\s{0,4}\\\\")(?:\\\\\\\\\\\\"|(?!\\\\").)+`,
  'gi',
);
/** `password=...` */
const assigned = new RegExp(`(?<=(?<![A-Za-z0-9])${names}=)(?:"[^"]*"?|'[^']*'?|[^\\s&;,"']+)`, 'gi');

/** What is a secret by the name that it is given to. Names stay. */
export function maskNamed(text: string, replacement: string): string {
  const put = () => replacement;
  let masked = text;
  if (masked.includes('"')) masked = masked.replace(quoted, put);
  if (masked.includes('\\"')) masked = masked.replace(escaped, put);
  return masked.includes('=') ? masked.replace(assigned, put) : masked;
}

/** `Authorization: Basic ...` */
const authorization =
  /(?<=\bauthorization["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?:basic|bearer|token)[ \t]{1,4})[\w.~+/-]{4,}={0,2}/gi;
/** `Bearer ...`, with a digit in it. */
const bearer = /(?<=\bbearer[ \t]{1,4})(?=[\w.~+/-]{0,60}\d)[\w.~+/-]{8,}={0,2}/gi;
const standing = new RegExp(`(?<![\\w-])(?:${known})(?![\\w-])`, 'g');

/** What is a secret by its form, or by what stands before it. */
export function maskFormed(text: string, replacement: string): string {
  return [authorization, bearer, standing].reduce((masked, secret) => masked.replace(secret, () => replacement), text);
}
